"""Routes below /review/."""

from django.urls import path

from insights.portal.review import figures, pages

urlpatterns = [
    path("", pages.queue, name="review"),
    path("<uuid:insight_id>/decide/", pages.decide, name="decide_review"),
    path("undo/", pages.undo, name="undo_review"),
    path("figures/", figures.figures, name="review_figures"),
    path("training.jsonl.gz", pages.training_data, name="training_data"),
]

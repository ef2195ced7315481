"""The pages of teams: create, rename, people, what is shared automatically, delete."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from insights import managed
from insights.ids import id_number
from insights.managed import TeamError
from insights.models import AccessLevel, TeamMembership
from insights.models.sharing import SHARED_LEVELS
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext

NOT_MANAGER = gettext_lazy("Only a manager of the team can do this.")


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def teams(request: HttpRequest) -> HttpResponse:
    """Show the user's teams, and create one."""
    wrong = ""
    if request.method == "POST":
        try:
            return redirect("team", team_id=managed.create_team(user_of(request), request.POST.get("name", "")).pk)
        except TeamError as error:
            wrong = str(error)
    context = {"memberships": managed.teams_with(user_of(request).pk), "wrong": wrong, "longest": managed.LONGEST_TEAM_NAME}
    return render(request, "portal/teams.html", context, status=400 if wrong else 200)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def team(request: HttpRequest, team_id: int) -> HttpResponse:
    """Show one of the user's teams, and change it; 404 for any other."""
    own = managed.membership(user_of(request).pk, team_id) if team_id < 2**63 else None
    if own is None:
        raise Http404
    wrong = ""
    if request.method == "POST":
        try:
            return _change(own, request.POST)
        except TeamError as error:
            wrong = str(error)
    context: TemplateContext = {
        "own": own,
        "team": own.team,
        "people": managed.people_of(own.team),
        "levels": SHARED_LEVELS,
        "longest": managed.LONGEST_TEAM_NAME,
        "wrong": wrong,
    }
    return render(request, "portal/team.html", context, status=400 if wrong else 200)


def _change(own: TeamMembership, sent: QueryDict) -> HttpResponse:
    """Carry out what a form asks for, and redirect. Raises TeamError."""
    team, what, person = own.team, sent.get("do", ""), id_number(sent.get("person", ""))
    if what == "mine":
        managed.set_shares_new(team, own.user_id, sent.get("shares_new") == "on")
        return redirect("team", team_id=team.pk)
    if what == "leave":
        managed.remove_person(team, own.user_id)
        return redirect("teams")
    if not own.manages:
        raise TeamError(NOT_MANAGER)
    match what:
        case "change":
            level = id_number(sent.get("new_conversations", ""))
            managed.change_team(team, sent.get("name", ""), AccessLevel(level) if level in dict(SHARED_LEVELS) else None)
        case "add":
            managed.add_person(team, sent.get("address", ""))
        case "remove":
            managed.remove_person(team, person)
        case "manager" | "member":
            managed.set_manages(team, person, what == "manager")
        case "delete":
            managed.delete_team(team)
        case _:
            raise TeamError(_("Nothing was changed. Reload the page and try again."))
    gone = what == "delete" or (what == "remove" and person == own.user_id)
    return redirect("teams") if gone else redirect("team", team_id=team.pk)

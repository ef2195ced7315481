"""The filters of the review queue, as the query of its URL has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from insights.ids import id_number
from insights.insight_kinds import is_registered
from insights.portal.listing import PERIODS
from insights.queries import ReviewFilter, ReviewState

STATES = {
    ReviewState.WAITING.value: _("Waiting"),
    ReviewState.ACCEPTED.value: _("Accepted"),
    ReviewState.REJECTED.value: _("Rejected"),
    ReviewState.DISAGREED.value: _("Different opinions"),
}
LEVELS = {"0": _("Below 50%"), "50": _("50% to 70%"), "70": _("70% to 90%"), "90": _("90% and more")}
_BOUNDS: dict[str, tuple[float | None, float | None]] = {"0": (None, 0.5), "50": (0.5, 0.7), "70": (0.7, 0.9), "90": (0.9, None)}


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """The chosen filters; an empty text or None is no filter."""

    state: ReviewState = ReviewState.WAITING
    kind: str = ""
    account: int | None = None
    conversation: int | None = None
    days: str = ""
    sure: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Return the filters of a URL's query; invalid values are ignored."""
        state, kind, days, sure = (query.get(name, "") for name in ("state", "kind", "days", "sure"))
        return cls(
            state=ReviewState(state) if state in STATES else ReviewState.WAITING,
            kind=kind if is_registered(kind) else "",
            account=id_number(query.get("account", "")) or None,
            conversation=id_number(query.get("conversation", "")) or None,
            days=days if days in PERIODS else "",
            sure=sure if sure in LEVELS else "",
        )

    @property
    def address(self) -> str:
        """The filters as the start of a URL query: empty, or ending with `&`."""
        return f"{self._query()}&" if self._query() else ""

    @property
    def without_conversation(self) -> str:
        """The address without the filter on one conversation."""
        return f"{self._query(conversation=False)}&"

    @property
    def narrows(self) -> bool:
        """Whether there is a filter besides the state."""
        return bool(self.kind or self.account or self.conversation or self.days or self.sure)

    def wanted(self, now: datetime) -> ReviewFilter:
        """Return the filters as the query needs them."""
        least, below = _BOUNDS.get(self.sure, (None, None))
        return ReviewFilter(
            state=self.state,
            kind=self.kind,
            owner_id=self.account,
            conversation_id=self.conversation,
            since=now - timedelta(days=int(self.days)) if self.days else None,
            least=least,
            below=below,
        )

    def _query(self, *, conversation: bool = True) -> str:
        values: dict[str, object] = {
            "state": self.state.value if self.state is not ReviewState.WAITING else "",
            "kind": self.kind,
            "account": self.account or "",
            "conversation": (self.conversation or "") if conversation else "",
            "days": self.days,
            "sure": self.sure,
        }
        return urlencode({name: value for name, value in values.items() if value})

"""The errors of writes by an account; each text names the field and what is allowed."""


class ManagedError(Exception):
    """Base of the errors."""


class Invalid(ManagedError):
    """A field has a value that is not allowed."""


class Unknown(ManagedError):
    """The account has no such object."""


class Taken(ManagedError):
    """The account has another object with this name."""


class TooMany(ManagedError):
    """The account has as many objects as it may have."""


class Busy(ManagedError):
    """Another request of the account creates or changes trackers at present."""

"""German: 6. März 2026, 14:05. DATETIME_FORMAT is for the admin, where no script puts a time into the reader's zone."""

DATE_FORMAT = "j. F Y"
DATETIME_FORMAT = "j. F Y, H:i T"
DAY_AND_MONTH_FORMAT = "j. N"
LONG_DATETIME_FORMAT = "j. F Y, H:i"
SHORT_DATE_FORMAT = "j. N Y"
SHORT_DATETIME_FORMAT = "j. N Y, H:i"
TIME_FORMAT = "H:i"

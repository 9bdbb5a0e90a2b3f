"""Times as a desk reads them: day before month, 24 hours, everywhere the same."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j M Y, H:i"

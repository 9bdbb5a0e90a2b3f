"""Floor 5: readers only. What the events and clocks of many tickets add up to.

``compliance`` says how far promises were kept, ``time_in_status`` where the time went, and
``format`` writes either as a table, JSON or CSV.
"""

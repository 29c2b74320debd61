"""What is measured, on which images, and where it is printed: metrics, test sets and tables, an entry each.

Data only: settings are checked against these entries; columns, schemas, units, layouts and the page follow from them.
docs/extending.md adds one of each.
"""

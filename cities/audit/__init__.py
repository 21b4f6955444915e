"""Who did what, when, from where and why: append-only, and chained so that no entry can be changed or taken out."""

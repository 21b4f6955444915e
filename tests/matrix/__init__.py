"""Every operation, page and admin model against every kind of caller: generated from the routes and docs/roles.md."""

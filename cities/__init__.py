"""Who is a city, who belongs to it with which role; the active-city scope and its doors."""

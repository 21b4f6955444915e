"""How cases turn the ring of the installation by themselves."""

TURN = """
import json, time
from datetime import timedelta
from cameras.models import MediaServer
from cities.scope import every_city
from django.utils import timezone
from recording.retention.services import turn_ring
server = MediaServer.objects.get(pk={server})
found = []
with every_city("a fault run turns the ring"):
    until = time.monotonic() + {seconds}
    for step in {steps}:
        turn = turn_ring(server, timezone.now() + timedelta(seconds=step))
        found.append([step, sum(turn.deleted.values()), turn.refused])
    while time.monotonic() < until:
        turn_ring(server, timezone.now())
print(json.dumps(found))
"""
"""Code for `run_script`; each turn gives the step of the clock, how many went, and why none could, "" if it might."""

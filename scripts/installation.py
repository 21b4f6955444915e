"""What the three checks share: the installation of `make run`, spoken to as the specification's curl lines do."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("VMS_DATA", ROOT / "data")).resolve()


def read_demo() -> dict[str, Any]:
    """Give `demo.json`; ends with the remedy if there is no demo installation."""
    try:
        demo: dict[str, Any] = json.loads((DATA / "demo.json").read_text())
    except FileNotFoundError:
        sys.exit(f"{DATA / 'demo.json'} is not there: start `make run` first (with VMS_DEMO_CAMERAS unset or > 0).")
    return demo


def call_api(demo: dict[str, Any], method: str, path: str, body: Any = None) -> Any:
    """Send one request as the demo's administrator; give the parsed answer, None for an empty one."""
    headers = {"X-City-ID": demo["city_id"], "X-User-ID": str(demo["user_id"]), "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    request = Request(demo["url"] + path, method=method, headers=headers, data=data)  # noqa: S310 -- the address is our own demo.json's
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310 -- as above
            text = answer.read()
    except HTTPError as error:
        sys.exit(f"{method} {path} answered {error.code}: {error.read().decode()}")
    except OSError as error:
        sys.exit(f"{demo['url']} does not answer ({error}): is `make run` running?")
    print(f"{method:6} {path}  ->  {text.decode() or '(empty)'}")
    return json.loads(text) if text else None


def wait_until(what: str, is_true: Callable[[], bool], *, seconds: float) -> float:
    """Wait for a condition; give the seconds it took, end the check if it does not come true in time."""
    began = time.monotonic()
    while not is_true():
        if time.monotonic() - began > seconds:
            sys.exit(f"FAILED: {what} did not happen within {seconds:.0f} s")
        time.sleep(0.25)
    took = time.monotonic() - began
    print(f"{what} after {took:.1f} s")
    return took

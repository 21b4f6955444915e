"""Makes docs/wall.png: signs in to the running `make run` with a real browser and pictures the wall.

    .venv/bin/python scripts/take_screenshot.py [file]

Wants Chromium (VMS_CHROMIUM, or /usr/bin/chromium) and `make setup-dev`.
"""

import os
import sys
from typing import Any

from installation import ROOT, read_demo
from playwright.sync_api import Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
MOST_CAN_BE_SHOWN = 3  # the fourth demo camera speaks H.265, which few browsers decode


def main() -> None:
    """Take the picture once as many cards play as this browser can decode."""
    demo = read_demo()
    file = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "docs" / "wall.png")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("VMS_CHROMIUM", "/usr/bin/chromium"), args=FLAGS
        )
        page = browser.new_page(viewport={"width": 1440, "height": 1000}, locale="en-US")
        sign_in(page, demo)
        page.locator("[data-picture=playing]").nth(MOST_CAN_BE_SHOWN - 1).wait_for(timeout=60_000)
        page.wait_for_timeout(2_000)
        page.screenshot(path=file)
        browser.close()
    print(f"wrote {file}")


def sign_in(page: Page, demo: dict[str, Any]) -> None:
    """Go through the front door."""
    page.goto(demo["url"])
    page.fill("input[name=username]", demo["username"])
    page.fill("input[name=password]", demo["password"])
    page.press("input[name=password]", "Enter")


if __name__ == "__main__":
    main()

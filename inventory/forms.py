"""What the form of a camera holds, and the address that its parts make."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cities.errors import InvalidInput
from ffmpeg.errors import UnsafeSource
from ffmpeg.failures import redact
from ffmpeg.sources import parse_source_url

_LONGEST = {"name": 120, "location": 200, "source_url": 2000, "username": 255, "password": 255}


@dataclass(frozen=True)
class CameraForm:
    """The fields as they were typed, blanks around them taken off (but for the password)."""

    name: str = ""
    location: str = ""
    source_url: str = ""
    username: str = ""
    password: str = ""
    record: bool = True

    def compose_source(self) -> str:
        """Give the address with the user name and password that were typed beside it; InvalidInput if it cannot be."""
        if not self.username and not self.password:
            return self.source_url
        if not self.source_url:
            raise InvalidInput(
                "There is a user name or password without an address; write the camera's address.", field="source_url"
            )
        try:
            source = parse_source_url(self.source_url)
        except UnsafeSource as error:
            raise InvalidInput(str(error), field="source_url") from error
        return replace(source, username=self.username, password=self.password).full

    def without_secrets(self) -> "CameraForm":
        """Give what may be shown again."""
        return replace(self, source_url=redact(self.source_url).replace("***@", ""), username="", password="")


def read_form(sent: Mapping[str, str]) -> CameraForm:
    """Read the form; InvalidInput names a field that is too long or not to be read."""
    told = {name: sent.get(name, "") for name in _LONGEST}
    for name, value in told.items():
        if len(value) > _LONGEST[name]:
            raise InvalidInput("This is too long; shorten it.", field=name)
        if not value.isprintable():
            raise InvalidInput("There is an invisible or broken character; type it again.", field=name)
    typed = {name: value if name == "password" else value.strip() for name, value in told.items()}
    return CameraForm(**typed, record=sent.get("record") == "1")

"""Where a camera's live picture can be watched, and where a camera that publishes by itself must send it."""

from dataclasses import dataclass

from django.templatetags.static import static

from cameras.models import Camera


@dataclass(frozen=True)
class LiveUrls:
    """Addresses of one live picture: `hls` a playlist, `webrtc` a WHEP endpoint, `rtsp` for players and recorders."""

    hls: str
    webrtc: str
    rtsp: str


def live_urls(camera: Camera, *, token: str = "") -> LiveUrls:
    """Give the live addresses of a camera, with the token that opens them; wants `media_server` loaded."""
    server, stream_id = camera.media_server, camera.stream_id
    query = f"?token={token}" if token else ""
    return LiveUrls(
        hls=f"{server.public_hls_url}/{stream_id}/index.m3u8{query}",
        webrtc=f"{server.public_webrtc_url}/{stream_id}/whep{query}",
        rtsp=f"{server.public_rtsp_url}/{stream_id}{query}",
    )


def publish_url(camera: Camera) -> str:
    """Give the address a camera that publishes by itself sends its picture to."""
    return live_urls(camera).rtsp


def find_player_script() -> str:
    """Give the address of hls.js among our static files; empty where it could not be got at install."""
    try:
        return static("vendor/hls.min.js")
    except ValueError:  # the manifest of collected files knows none
        return ""


def find_live_player(camera: Camera) -> str:
    """Give the address of hls.js for a live picture: ours, else its media server's; wants `media_server` loaded."""
    return find_player_script() or f"{camera.media_server.public_hls_url}/player/hls.min.js"

"""Where a camera's live picture can be watched, and where a camera that publishes by itself must send it."""

from dataclasses import dataclass

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

#!/bin/sh
# Tells the backend that a picture or a file of it came or went: hook.sh online|offline|segment_create|segment_complete.
# The same as mediamtx/hook.py, for the image
# bluenviron/mediamtx:1.20.1-ffmpeg (alpine), which has neither Python nor curl but busybox with wget and timeout.
# Whole answer within 3 s, always exit 0: MediaMTX ignores the exit code, and what a hook loses the observer's poll heals.
# The values need no quoting: MediaMTX admits only letters, digits, and _ - . / in a path, and makes the others itself.
case "${1:-}" in
online | offline) fields="source_type=${MTX_SOURCE_TYPE:-}&source_id=${MTX_SOURCE_ID:-}" ;;
segment_create) fields="segment_path=${MTX_SEGMENT_PATH:-}" ;;
segment_complete) fields="segment_path=${MTX_SEGMENT_PATH:-}&segment_duration=${MTX_SEGMENT_DURATION:-}" ;;
*)
    echo "usage: hook.sh online|offline|segment_create|segment_complete" >&2
    exit 0
    ;;
esac
if [ -z "${VMS_HOOK_URL:-}" ] || [ -z "${VMS_HOOK_SECRET:-}" ]; then
    echo "hook $1 ${MTX_PATH:-}: VMS_HOOK_URL or VMS_HOOK_SECRET is not set" >&2
    exit 0
fi
# The secret goes through pipes alone: a header would stand on wget's command line, which `ps` shows to the whole host.
secret=$(printf '%s' "$VMS_HOOK_SECRET" | sed 's/%/%25/g; s/&/%26/g; s/+/%2B/g')
printf '%s' "secret=$secret&event=$1&path=${MTX_PATH:-}&$fields" |
    timeout 3 wget -q -O /dev/null --post-file - "$VMS_HOOK_URL" || echo "hook $1 ${MTX_PATH:-}: the backend gave no good answer within 3 s" >&2
exit 0

"""Environment of every test: no Hub, no telemetry, settings of its own. Set before any import."""

import os
import tempfile

os.environ.update(
    HF_HUB_DISABLE_XET="1",
    HF_HUB_DISABLE_TELEMETRY="1",
    YOLO_OFFLINE="1",
    # As the program sets it; a test may import ultralytics before it does.
    ULTRALYTICS_SAFE_LOAD="true",
    YOLO_CONFIG_DIR=tempfile.mkdtemp(prefix="bgswap-tests-"),
    BGSWAP_MODELS="starter",
    GRADIO_ANALYTICS_ENABLED="False",
    RAY_USAGE_STATS_ENABLED="0",
)

from launch import app_url  # noqa: F401

from bgswap.settings import Settings, set_library_caches

# Also for tests that need no model: compiled once, and found by the processes that tests start.
set_library_caches(Settings().cache)

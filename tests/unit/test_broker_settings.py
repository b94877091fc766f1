"""What the broker may and may not do: wake workers up, and nothing else (R42, R44, H6)."""

from datetime import timedelta
from typing import Any

from dashboard import settings as site
from dashboard.celery import app
from jobs_app.lifecycle import LEASE


def test_a_message_is_json_and_leaves_no_result() -> None:
    assert (app.conf.accept_content, app.conf.task_serializer) == (["json"], "json")
    assert app.conf.task_ignore_result
    assert app.conf.result_backend in {None, "disabled://"}
    assert not app.conf.worker_enable_remote_control


def test_no_setting_of_the_broker_makes_a_job_run_twice() -> None:
    """A message is taken when a worker has it: who died is found by the lease of the job."""
    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if not name.startswith("celery.")]
    assert ours
    assert not any(task.acks_late for task in ours)
    assert app.conf.worker_prefetch_multiplier == 1
    patience = timedelta(seconds=app.conf.broker_transport_options["visibility_timeout"])
    assert patience > 1000 * LEASE


def test_a_request_does_not_wait_for_the_broker() -> None:
    assert not app.conf.task_publish_retry
    assert app.conf.broker_transport_options["socket_connect_timeout"] <= 1
    assert app.conf.broker_transport_options["interval_max"] == 0
    layer: Any = site.CHANNEL_LAYERS["default"]
    assert [each["socket_timeout"] for each in layer["CONFIG"]["hosts"]] == [30]  # R55

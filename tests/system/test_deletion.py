"""`deleteExecution`: off unless the operator says otherwise, and then for good."""

from pathlib import Path
from typing import Any

from sandbox import Sandbox
from schema.identity import pack
from tests.system.serving_api import Api, api_over

MUTATION = "mutation ($id: ID!) { deleteExecution(id: $id) { id deleted error { code message } } }"
ALLOWED = "[server]\nallow_delete = true\n\n"
JOB, RUN = "550e8400-e29b-41d4-a716-446655440000", "history-abc-123"


async def delete(api: Api, *parts: str) -> dict[str, Any]:
    """What the mutation says."""
    found: dict[str, Any] = (await api.data(MUTATION, {"id": pack(*parts)}))["deleteExecution"]
    return found


async def test_it_is_refused_by_default_and_nothing_is_called(tmp_path: Path) -> None:
    async with Sandbox(limits=False, runs_per_provider=60) as sandbox, api_over(sandbox, tmp_path) as api:
        status, answer = await api.post(MUTATION, {"id": pack("reports", JOB, RUN)})

        assert status == 200
        assert answer["data"] == {"deleteExecution": None}
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]
        assert sandbox.calls == []


async def test_a_deleted_run_is_gone_from_the_list_at_once(tmp_path: Path) -> None:
    async with Sandbox(limits=False, runs_per_provider=60) as sandbox, api_over(sandbox, tmp_path, ALLOWED) as api:
        wanted = {"workflowIds": [JOB]}
        before = await api.history("nodes { nativeId }", input=wanted)

        assert (await delete(api, "reports", JOB, RUN))["deleted"] is True

        after = await api.history("nodes { nativeId }", input=wanted)
        assert {"nativeId": RUN} in before["nodes"]
        assert {"nativeId": RUN} not in after["nodes"]
        assert (await delete(api, "reports", JOB, RUN)) == {
            "id": pack("reports", JOB, RUN), "deleted": False, "error": None,
        }  # fmt: skip


async def test_providers_that_cannot_delete_say_so(tmp_path: Path) -> None:
    async with Sandbox(limits=False, runs_per_provider=60) as sandbox, api_over(sandbox, tmp_path, ALLOWED) as api:
        answer = await delete(api, "llm", "7c1e0f6e-0000-4000-8000-000000000001", "a40d4d53")

        assert answer["deleted"] is False
        assert answer["error"]["code"] == "UNSUPPORTED"


async def test_an_id_that_is_none_is_the_callers_mistake(tmp_path: Path) -> None:
    async with Sandbox(limits=False, runs_per_provider=60) as sandbox, api_over(sandbox, tmp_path, ALLOWED) as api:
        _, answer = await api.post(MUTATION, {"id": "nonsense"})

        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]

"""In which sandbox do workflows run, and what is it not asked?"""

# The SDK asks the instance of a workflow in which context each payload is converted, stored and fetched: some six
# times for every payload, and the sandbox answers by compiling and running code. Converters and codecs of ours know
# no context and nothing of ours is stored elsewhere, so that all of these answers are the same: nothing. Asking was a
# sixth to a third of what an act cost the worker.

from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import DataConverter, StorageDriverStoreContext, WorkflowSerializationContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info, SandboxImportNotificationPolicy

PASSED_THROUGH = ("readiness", "activities", "store")
"""Rooms that workflows share with the host instead of importing anew: models by the dozen would cost every single
workflow a third of a second and megabytes, and they keep no state."""

_NOWHERE = StorageDriverStoreContext(target=None)


class ContextWanted(Exception):  # noqa: N818 - named by what is wrong.
    """Payloads would be converted or stored by something that wants to know for whom: see `sandbox`."""


def sandbox(*, strict: bool = False) -> WorkflowRunner:
    """Return the sandbox of workflows; where `strict`, an import not meant to be passed through is an error.

    For data converters that pass `require_no_context` alone.
    """
    restrictions = SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH)
    if strict:
        policy = SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        restrictions = restrictions.with_import_notification_policy(policy)
    return _WithoutContext(SandboxedWorkflowRunner(restrictions=restrictions))


def require_no_context(converter: DataConverter) -> None:
    """Raise ContextWanted where `converter` would behave otherwise if it knew for whom it converts."""
    knowing = converter.with_context(WorkflowSerializationContext(namespace="any", workflow_id="any"))
    if knowing is not converter or converter.external_storage is not None:
        raise ContextWanted("this data converter must be told for whom: let the sandbox be asked for contexts")


class _WithoutContext(WorkflowRunner):
    """Runs workflows as another runner does, and knows of no contexts without asking it."""

    def __init__(self, runner: WorkflowRunner) -> None:
        self._runner = runner

    def prepare_workflow(self, defn: Any) -> None:
        self._runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Instance(self._runner.create_instance(det))

    def set_worker_level_failure_exception_types(self, types: Any) -> None:
        self._runner.set_worker_level_failure_exception_types(types)


class _Instance(WorkflowInstance):
    def __init__(self, instance: WorkflowInstance) -> None:
        self._instance = instance

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return self._instance.activate(act)

    def get_serialization_context(self, _command_info: Any) -> None:
        return None

    def get_external_store_context(self, _command_info: Any) -> StorageDriverStoreContext:
        return _NOWHERE

    def get_info(self) -> Info:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()

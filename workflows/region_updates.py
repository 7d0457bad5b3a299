"""Which acts does a region launch take, and which door do they all pass?"""

# One update for each command, named as it is; each has a validator of its own, because Temporal calls none that is
# not there and asks interceptors about no update without one.

from abc import ABC, abstractmethod

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from readiness.commands import (
        AddressLesson,
        AskPolicyChange,
        Cancel,
        CastBallot,
        ChangeOwner,
        ConfirmPolicyChange,
        Decide,
        DeclinePolicyChange,
        DenyWaiver,
        GrantWaiver,
        Hold,
        MeetCondition,
        NameSeat,
        OpenPoll,
        RegionCommand,
        RequestWaiver,
        Reschedule,
        Resume,
        RevokePermit,
        RevokeWaiver,
        SignOff,
    )
    from readiness.ledger import Outcome
    from workflows.door import Door


class RegionUpdates(ABC):
    """The updates of a region launch; whoever inherits them carries them out."""

    _door: Door

    @abstractmethod
    async def _carry_out(self, command: RegionCommand) -> Outcome: ...

    @workflow.update
    async def sign_off(self, command: SignOff) -> Outcome:
        """State a function's position on one exact revision."""
        return await self._carry_out(command)

    @sign_off.validator
    def _door_is_open_to_sign_off(self, command: SignOff) -> None:
        self._door.admit(command)

    @workflow.update
    async def request_waiver(self, command: RequestWaiver) -> Outcome:
        """Ask for permission to pass an unmet criterion."""
        return await self._carry_out(command)

    @request_waiver.validator
    def _door_is_open_to_request_waiver(self, command: RequestWaiver) -> None:
        self._door.admit(command)

    @workflow.update
    async def grant_waiver(self, command: GrantWaiver) -> Outcome:
        """Grant a waiver that was asked for."""
        return await self._carry_out(command)

    @grant_waiver.validator
    def _door_is_open_to_grant_waiver(self, command: GrantWaiver) -> None:
        self._door.admit(command)

    @workflow.update
    async def deny_waiver(self, command: DenyWaiver) -> Outcome:
        """Deny a waiver that was asked for."""
        return await self._carry_out(command)

    @deny_waiver.validator
    def _door_is_open_to_deny_waiver(self, command: DenyWaiver) -> None:
        self._door.admit(command)

    @workflow.update
    async def revoke_waiver(self, command: RevokeWaiver) -> Outcome:
        """Take back a waiver that was granted."""
        return await self._carry_out(command)

    @revoke_waiver.validator
    def _door_is_open_to_revoke_waiver(self, command: RevokeWaiver) -> None:
        self._door.admit(command)

    @workflow.update
    async def open_poll(self, command: OpenPoll) -> Outcome:
        """Ask every function for its position."""
        return await self._carry_out(command)

    @open_poll.validator
    def _door_is_open_to_open_poll(self, command: OpenPoll) -> None:
        self._door.admit(command)

    @workflow.update
    async def cast_ballot(self, command: CastBallot) -> Outcome:
        """Hand in a sealed ballot for a function."""
        return await self._carry_out(command)

    @cast_ballot.validator
    def _door_is_open_to_cast_ballot(self, command: CastBallot) -> None:
        self._door.admit(command)

    @workflow.update
    async def decide(self, command: Decide) -> Outcome:
        """Decide whether the region launches."""
        return await self._carry_out(command)

    @decide.validator
    def _door_is_open_to_decide(self, command: Decide) -> None:
        self._door.admit(command)

    @workflow.update
    async def meet_condition(self, command: MeetCondition) -> Outcome:
        """Say that a condition of the standing go is met."""
        return await self._carry_out(command)

    @meet_condition.validator
    def _door_is_open_to_meet_condition(self, command: MeetCondition) -> None:
        self._door.admit(command)

    @workflow.update
    async def name_seat(self, command: NameSeat) -> Outcome:
        """Name another person of a function whose seat has been idle for too long."""
        return await self._carry_out(command)

    @name_seat.validator
    def _door_is_open_to_name_seat(self, command: NameSeat) -> None:
        self._door.admit(command)

    @workflow.update
    async def address_lesson(self, command: AddressLesson) -> Outcome:
        """Say how what an earlier wave learned is addressed here."""
        return await self._carry_out(command)

    @address_lesson.validator
    def _door_is_open_to_address_lesson(self, command: AddressLesson) -> None:
        self._door.admit(command)

    @workflow.update
    async def hold(self, command: Hold) -> Outcome:
        """Stop the launch of the region."""
        return await self._carry_out(command)

    @hold.validator
    def _door_is_open_to_hold(self, command: Hold) -> None:
        self._door.admit(command)

    @workflow.update
    async def resume(self, command: Resume) -> Outcome:
        """End a hold."""
        return await self._carry_out(command)

    @resume.validator
    def _door_is_open_to_resume(self, command: Resume) -> None:
        self._door.admit(command)

    @workflow.update
    async def cancel(self, command: Cancel) -> Outcome:
        """End the region launch for good."""
        return await self._carry_out(command)

    @cancel.validator
    def _door_is_open_to_cancel(self, command: Cancel) -> None:
        self._door.admit(command)

    @workflow.update
    async def reschedule(self, command: Reschedule) -> Outcome:
        """Move the launch instant."""
        return await self._carry_out(command)

    @reschedule.validator
    def _door_is_open_to_reschedule(self, command: Reschedule) -> None:
        self._door.admit(command)

    @workflow.update
    async def change_owner(self, command: ChangeOwner) -> Outcome:
        """Give the region launch to another owner."""
        return await self._carry_out(command)

    @change_owner.validator
    def _door_is_open_to_change_owner(self, command: ChangeOwner) -> None:
        self._door.admit(command)

    @workflow.update
    async def ask_policy_change(self, command: AskPolicyChange) -> Outcome:
        """Ask for another policy."""
        return await self._carry_out(command)

    @ask_policy_change.validator
    def _door_is_open_to_ask_policy_change(self, command: AskPolicyChange) -> None:
        self._door.admit(command)

    @workflow.update
    async def confirm_policy_change(self, command: ConfirmPolicyChange) -> Outcome:
        """Confirm a change of policy."""
        return await self._carry_out(command)

    @confirm_policy_change.validator
    def _door_is_open_to_confirm_policy_change(self, command: ConfirmPolicyChange) -> None:
        self._door.admit(command)

    @workflow.update
    async def decline_policy_change(self, command: DeclinePolicyChange) -> Outcome:
        """Decline a change of policy, or take it back."""
        return await self._carry_out(command)

    @decline_policy_change.validator
    def _door_is_open_to_decline_policy_change(self, command: DeclinePolicyChange) -> None:
        self._door.admit(command)

    @workflow.update
    async def revoke_permit(self, command: RevokePermit) -> Outcome:
        """Take the permit away, after the launch."""
        return await self._carry_out(command)

    @revoke_permit.validator
    def _door_is_open_to_revoke_permit(self, command: RevokePermit) -> None:
        self._door.admit(command)

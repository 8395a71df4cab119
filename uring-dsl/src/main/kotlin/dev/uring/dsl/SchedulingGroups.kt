package dev.uring.dsl

import dev.uring.worker.SchedulingGroup
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import kotlin.coroutines.AbstractCoroutineContextElement
import kotlin.coroutines.CoroutineContext

/**
 * This group as an element of a coroutine's context: `launch(reports.asContextElement()) { }` runs a coroutine, and its
 * children, on this group's share of the worker.
 *
 * ### Shapes and units
 * The element stays with the coroutine when it changes workers; on a dispatcher that is no worker's it has no effect.
 * A coroutine with a group is resumed through the group's queue and not, as others are, from the kernel's answer
 * directly: its I/O costs a task more and waits for the group's turn.
 * ### Threading and cancellation
 * `withContext(element) { }` begins its block at once, still in the caller's group: [withSchedulingGroup] does not.
 *
 * @sample samples.dsl.inBackground
 */
public fun SchedulingGroup.asContextElement(): CoroutineContext.Element = GroupElement(this)

/**
 * Runs [block] on the share of [group] and comes back to the caller's.
 *
 * ### Threading and cancellation
 * Two dispatches, one on the way in and one on the way out, so that each part of the time is on the right account.
 * Cancellable like `withContext`.
 *
 * @sample samples.dsl.inBackground
 */
public suspend fun <T> withSchedulingGroup(
    group: SchedulingGroup,
    block: suspend CoroutineScope.() -> T,
): T {
    val result =
        withContext(group.asContextElement()) {
            yield()
            block()
        }
    yield()
    return result
}

internal class GroupElement(
    val group: SchedulingGroup,
) : AbstractCoroutineContextElement(GroupElement) {
    override fun toString(): String = group.toString()

    companion object Key : CoroutineContext.Key<GroupElement>
}

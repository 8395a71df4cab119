package dev.uring.dsl

import dev.uring.ShutdownPhase
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.slf4j.LoggerFactory
import org.slf4j.helpers.NOPLogger
import kotlin.time.Duration

/**
 * What a program registered for the phases of a shutdown. Each action runs once, in its phase, beside the others of the
 * phase; one that fails, or takes longer than [timeout], is reported and holds nothing up.
 *
 * Thread: [add] any, guarded by the object; the rest worker 0.
 */
internal class PhaseActions(
    private val timeout: Duration,
) {
    private class Action(
        val name: String,
        val body: suspend () -> Unit,
    )

    private val actions = HashMap<ShutdownPhase, MutableList<Action>>()
    private var reached: ShutdownPhase? = null

    fun add(
        phase: ShutdownPhase,
        name: String,
        body: suspend () -> Unit,
    ) = synchronized(actions) {
        val now = reached
        check(now == null || now < phase) {
            "cannot register '$name' for $phase: the shutdown has reached $now.\n" +
                "  Likely cause: it is registered by work that the shutdown has begun to end. " +
                "Register at the start, or for a later phase."
        }
        actions.getOrPut(phase) { ArrayList() } += Action(name, body)
    }

    /** Runs the actions of [phase] and waits for them; none is left to run a second time. */
    suspend fun run(phase: ShutdownPhase) {
        val ofPhase =
            synchronized(actions) {
                reached = maxOf(reached ?: phase, phase)
                actions.remove(phase).orEmpty()
            }
        coroutineScope {
            for (action in ofPhase) launch { run(phase, action) }
        }
    }

    /** Runs whatever no [run] has run, in the order of the phases. */
    suspend fun runRest() {
        for (phase in ShutdownPhase.entries) run(phase)
    }

    private suspend fun run(
        phase: ShutdownPhase,
        action: Action,
    ) {
        try {
            withTimeout(timeout) { action.body() }
        } catch (late: TimeoutCancellationException) {
            report(phase, action, late)
        } catch (cancellation: CancellationException) {
            throw cancellation
        } catch (failure: Throwable) {
            report(phase, action, failure)
        }
    }

    private fun report(
        phase: ShutdownPhase,
        action: Action,
        failure: Throwable,
    ) {
        val line = "shutdown phase $phase: '${action.name}' failed or did not end in time: $failure"
        if (logger is NOPLogger) System.err.println(line) else logger.warn(line, failure)
    }

    private companion object {
        val logger = LoggerFactory.getLogger("dev.uring.dsl")
    }
}

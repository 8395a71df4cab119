package dev.uring.dsl

import dev.uring.process.Signal
import dev.uring.worker.Worker
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import java.util.EnumSet
import java.util.concurrent.ConcurrentSkipListSet
import dev.uring.process.Signals as CoreSignals

/**
 * The [signals] that are sent to this process, as they come.
 *
 * ### Shapes and units
 * Cold: observed from the beginning of a `collect` to its end, by any number of collectors at a time, each of which gets
 * all. A signal that comes again while the collector is busy with something else is emitted once, as in the kernel; so
 * at most one of each waits. `launch(start = CoroutineStart.UNDISPATCHED) { signals(…).collect { … } }` observes from
 * that line on.
 * ### Ownership
 * The first collector of a signal takes its handling from the virtual machine or whoever has it, the last one gives it
 * back. So **whoever collects TERM or INT must end the program itself**, for instance by [UringScope.shutdown]; without
 * a collector they end it in order, see [uring].
 * ### Threading and cancellation
 * Collected on a worker: in [uring], a handler, or [onWorker]. Never completes by itself.
 * ### Errors
 * `IllegalArgumentException` from `collect`: the kernel or the virtual machine keeps one of the signals for itself, such
 * as KILL, SEGV or QUIT; the message says which and why · `IllegalStateException` not on a worker.
 * ### Source
 * `sun.misc.Signal` of the virtual machine; see [Signals][dev.uring.process.Signals].
 *
 * @sample samples.dsl.reloadOnHangUp
 */
public fun signals(vararg signals: Signal): Flow<Signal> {
    require(signals.isNotEmpty()) { "signals() of nothing: name at least one" }
    val wanted = EnumSet.copyOf(signals.asList())
    return flow {
        val worker =
            Worker.current() ?: throw IllegalStateException(
                "signals are collected on a worker, and '${Thread.currentThread().name}' is none.\n" +
                    "  Collect in uring { … }, in a handler, or in onWorker(index) { … }.",
            )
        // The coroutine may go on elsewhere, under a foreign dispatcher.
        val raised = ConcurrentSkipListSet<Signal>()
        val wake = Channel<Unit>(Channel.CONFLATED)
        val subscription =
            CoreSignals.subscribe(worker, wanted) {
                raised += it
                wake.trySend(Unit)
            }
        subscription.use {
            for (ignored in wake) {
                while (true) emit(raised.pollFirst() ?: break)
            }
        }
    }
}

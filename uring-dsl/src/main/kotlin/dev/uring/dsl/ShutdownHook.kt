package dev.uring.dsl

import dev.uring.UringRuntime
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

/**
 * Makes SIGTERM and SIGINT end a [uring] block in order: the JVM begins its shutdown, and this holds it up until the
 * block has ended, at most `drainTimeout` plus a margin.
 *
 * A JVM shutdown hook and not a signal handler: a handler would take the signal away from whatever else runs in the
 * process, and a program with one more non-daemon thread could then no longer be stopped.
 */
internal class ShutdownHook(
    private val runtime: UringRuntime,
) {
    private val ended = CountDownLatch(1)

    @Volatile
    private var thread: Thread? = null

    fun install(scope: UringScope) {
        val thread = Thread({ endInOrder(scope) }, "uring-shutdown")
        try {
            Runtime.getRuntime().addShutdownHook(thread)
            this.thread = thread
        } catch (_: IllegalStateException) {
            // The JVM is going down already: there is no time left in which to serve.
            scope.shutdown()
        }
    }

    fun remove() {
        ended.countDown()
        try {
            thread?.let(Runtime.getRuntime()::removeShutdownHook)
        } catch (_: IllegalStateException) {
            // The hook is running, and has just been told that it may end.
            return
        }
    }

    private fun endInOrder(scope: UringScope) {
        if (!workersRespond()) return
        scope.shutdown()
        ended.await(runtime.config().drainTimeout().toMillis() + MARGIN_MILLIS, TimeUnit.MILLISECONDS)
    }

    // A worker that called exitProcess() waits for this very hook, and can neither drain nor end anything.
    private fun workersRespond(): Boolean {
        val responses = CountDownLatch(runtime.workersCount())
        repeat(runtime.workersCount()) { runtime.worker(it).executeUnlessStopped(responses::countDown) }
        return responses.await(RESPONSE_MILLIS, TimeUnit.MILLISECONDS)
    }

    private companion object {
        const val RESPONSE_MILLIS = 1_000L

        // For what follows the drain: cancelled handlers' finally blocks, the workers' own end.
        const val MARGIN_MILLIS = 2_000L
    }
}

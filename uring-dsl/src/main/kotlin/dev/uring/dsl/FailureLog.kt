package dev.uring.dsl

import dev.uring.base.ConnectionLostException
import kotlinx.coroutines.Dispatchers
import org.slf4j.LoggerFactory
import org.slf4j.helpers.NOPLogger
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong
import kotlin.coroutines.EmptyCoroutineContext

/**
 * What a server does with the exception of a handler unless it is told otherwise: one line, written off the worker.
 *
 * The line goes to SLF4J's logger `dev.uring.dsl` (the stack trace at debug level), or to standard error when no
 * provider is on the class path: a handler's bug must not be silent only because logging was not set up. What peers do
 * (a reset, silence past a timeout) is no error of this program and is logged at debug level.
 *
 * Bound: [LINES_PENDING_MAX] lines wait at a time. A handler that fails on every connection would otherwise fill the
 * heap with its own obituaries; the rest are counted and the count is printed.
 */
internal object FailureLog : (Connection, Throwable) -> Unit {
    private const val LINES_PENDING_MAX = 64

    private val logger = LoggerFactory.getLogger("dev.uring.dsl")
    private val linesPending = AtomicInteger()
    private val linesDropped = AtomicLong()

    override fun invoke(
        connection: Connection,
        failure: Throwable,
    ) {
        val isPeersDoing = failure is ConnectionLostException || failure is ReceiveTimeoutException
        if (isPeersDoing && !logger.isDebugEnabled) return
        if (linesPending.incrementAndGet() > LINES_PENDING_MAX) {
            linesPending.decrementAndGet()
            linesDropped.incrementAndGet()
            return
        }
        val line = describe(connection, failure)
        Dispatchers.IO.dispatch(EmptyCoroutineContext) {
            linesPending.decrementAndGet()
            val dropped = linesDropped.getAndSet(0)
            val text = if (dropped == 0L) line else "$line (and $dropped more that were not printed)"
            when {
                logger is NOPLogger -> System.err.println(text)
                isPeersDoing -> logger.debug(text)
                else -> logger.error(text)
            }
            logger.debug("handler of {} failed", connection, failure)
        }
    }

    internal fun describe(
        connection: Connection,
        failure: Throwable,
    ): String {
        val place = failure.stackTrace.firstOrNull { frame -> LIBRARIES.none(frame.className::startsWith) }
        return "connection aborted: remote=${connection.remoteAddress}, id=${connection.id}, " +
            "worker=${connection.worker.index()}: ${failure.toString().replace(lineBreak, " ")}" +
            if (place == null) "" else " at $place"
    }

    // Where the program called what failed says more than where it failed.
    private val LIBRARIES =
        listOf("java.", "jdk.", "kotlin.", "kotlinx.", "dev.uring.bytes.", "dev.uring.net.", "dev.uring.dsl.Connection")
    private val lineBreak = Regex("\\s*\n\\s*")
}

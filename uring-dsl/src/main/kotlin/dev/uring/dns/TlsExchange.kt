package dev.uring.dns

import dev.uring.base.UringException
import dev.uring.dsl.Connection
import dev.uring.dsl.Connector
import dev.uring.dsl.readExactly
import dev.uring.socket.SocketOptions
import dev.uring.tls.TlsClientOptions
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.time.Duration

/**
 * Asks one server over TLS: all questions over one connection, which the first one opens and which is closed when none was
 * under way for [DnsOverTls.IDLE_TIMEOUT].
 *
 * Answers come in any order. Each is known by its id, which no other question under way on the connection has.
 *
 * Invariant: a question is in its session's `waiting` exactly as long as somebody waits for it. Thread: the worker.
 */
internal class TlsExchange(
    private val address: String,
    private val tls: TlsClientOptions,
    private val scope: CoroutineScope,
    private val connector: Connector,
    private val counters: ResolverCounters,
) {
    private var present: Session? = null

    /**
     * Sends what [newQuery] makes, again until its id is nobody else's, and waits for the answer; null when there is none
     * within [timeout].
     *
     * Throws [NoConnection] when the server cannot be connected to as the options want it, nor within [timeout], and
     * another [UringException] when the connection ends first.
     */
    suspend fun ask(
        timeout: Duration,
        newQuery: () -> Query,
    ): Query.Verdict.Answer? {
        // Of this question's own connection: another's may be a later one.
        var isConnected = false
        val answer =
            withTimeoutOrNull(timeout) {
                val used = present
                try {
                    (used ?: begin(timeout)).ask(newQuery) { isConnected = true }
                } catch (ended: ConnectionEnded) {
                    if (used == null) throw ended
                    // RFC 7858 §3.4: a server may close an idle connection, also in the moment in which we use it.
                    isConnected = false
                    (present?.takeIf { it !== used } ?: begin(timeout)).ask(newQuery) { isConnected = true }
                }
            }
        if (answer == null && !isConnected) throw NoConnection("no connection within $timeout")
        return answer
    }

    private fun begin(connectTimeout: Duration): Session {
        val session = Session(connectTimeout)
        present = session
        return session
    }

    private inner class Session(
        private val connectTimeout: Duration,
    ) {
        private val waiting = HashMap<Int, Asked>()
        private val opened = CompletableDeferred<Connection>()
        private var answersCount = 0L
        private var closing: Job? = null

        init {
            scope.launch { run() }
        }

        suspend fun ask(
            newQuery: () -> Query,
            onConnected: () -> Unit,
        ): Query.Verdict.Answer {
            val connection = opened.await()
            onConnected()
            var query = newQuery()
            while (query.id in waiting) query = newQuery()
            val asked = Asked(query)
            waiting[query.id] = asked
            closing?.cancel()
            val answersBefore = answersCount
            try {
                connection.write(query.framed())
                counters.queries++
                return asked.verdict.await()
            } catch (given: CancellationException) {
                // Given up with nothing heard meanwhile: the peer may be gone without a word, so the next one begins anew.
                if (answersCount == answersBefore) retire()
                throw given
            } finally {
                waiting.remove(query.id, asked)
                if (waiting.isEmpty()) closeWhenIdle(connection)
            }
        }

        private fun retire() {
            if (present === this) present = null
        }

        private fun closeWhenIdle(connection: Connection) {
            closing =
                scope.launch {
                    delay(DnsOverTls.IDLE_TIMEOUT)
                    retire()
                    connection.close()
                }
        }

        private suspend fun run() {
            var end: Throwable = ConnectionEnded(address)
            try {
                connector.connect(address, connectTimeout, SocketOptions.defaults(), tls) { connection ->
                    counters.tlsConnections++
                    opened.complete(connection)
                    while (connection.readAnswer()) {
                        // Goes on until the server has ended its side.
                    }
                }
            } catch (failure: UringException) {
                end =
                    if (opened.isCompleted) {
                        ConnectionEnded(
                            address,
                            failure,
                        )
                    } else {
                        NoConnection(failure.message, failure)
                    }
            } finally {
                retire()
                closing?.cancel()
                opened.completeExceptionally(end)
                waiting.values.toList().forEach { it.verdict.completeExceptionally(end) }
            }
        }

        // RFC 1035 §4.2.2: the length first, in two bytes.
        private suspend fun Connection.readAnswer(): Boolean {
            var bytes = 0
            val isThere =
                readExactly(LENGTH_BYTES) { bytes = (it.getUnsigned(0) shl Byte.SIZE_BITS) or it.getUnsigned(1) }
            if (!isThere) return false
            var message = ByteArray(0)
            if (bytes > 0 && !readExactly(bytes) { message = it.toByteArray() }) return false
            take(message)
            return true
        }

        private fun take(message: ByteArray) {
            val asked = Query.idOrNull(message)?.let { waiting[it] }
            val verdict = asked?.query?.judge(message)
            if (verdict is Query.Verdict.Answer) {
                answersCount++
                asked.verdict.complete(verdict)
            } else {
                counters.ignoredAnswers++
            }
        }
    }

    private class Asked(
        val query: Query,
    ) {
        val verdict = CompletableDeferred<Query.Verdict.Answer>()
    }

    /** The server does not answer there, or not as the options want it. */
    class NoConnection(
        message: String?,
        cause: Throwable? = null,
    ) : UringException(message) {
        init {
            initCause(cause)
        }
    }

    /** The connection stood, and is over before the answer. */
    class ConnectionEnded(
        address: String,
        cause: Throwable? = null,
    ) : UringException("the connection to $address has ended: ${cause?.message ?: "the server closed it"}") {
        init {
            initCause(cause)
        }
    }

    private companion object {
        const val LENGTH_BYTES = 2
    }
}

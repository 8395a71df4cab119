package dev.uring.dns

import dev.uring.bytes.ByteView
import dev.uring.net.UdpHandler
import dev.uring.net.UdpPeer
import dev.uring.net.UdpSocket
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Job

/**
 * One [query] on one socket, until the first answer to it. What else comes is counted and passed over.
 *
 * Thread: the socket's worker.
 */
internal class UdpExchange(
    private val query: Query,
    private val counters: ResolverCounters,
) : UdpHandler {
    private val closed = Job()
    private var strangersCount = 0

    val result = CompletableDeferred<Result>()

    override fun onOpen(socket: UdpSocket) {
        // Room for one datagram is always there.
        socket.send(query.bytes, null)
        socket.flush()
    }

    override fun onDatagram(
        socket: UdpSocket,
        payload: ByteView,
        peer: UdpPeer,
    ) {
        if (result.isCompleted) return
        when (val verdict = query.judge(payload.toByteArray())) {
            is Query.Verdict.Answer -> result.complete(Result.Answer(verdict.message))
            Query.Verdict.OtherCase -> result.complete(Result.Suspicious("an answer in other letters"))
            Query.Verdict.Stranger -> pass()
        }
    }

    private fun pass() {
        counters.ignoredAnswers++
        if (++strangersCount == STRANGERS_MAX) {
            result.complete(Result.Suspicious("$STRANGERS_MAX datagrams that are no answer"))
        }
    }

    override fun onError(
        socket: UdpSocket,
        errno: Int,
    ) {
        result.complete(Result.Unreachable(errno))
    }

    override fun onClosed(
        socket: UdpSocket,
        cause: Throwable?,
    ) {
        result.complete(Result.Closed)
        closed.complete()
    }

    suspend fun joinClosed() = closed.join()

    sealed interface Result {
        class Answer(
            val message: DnsMessage,
        ) : Result

        /** Somebody may be forging answers: better ask over TCP, which nobody can answer who does not see it. */
        class Suspicious(
            val why: String,
        ) : Result

        class Unreachable(
            val errno: Int,
        ) : Result

        data object Closed : Result
    }

    companion object {
        // Each datagram lets a forger guess once more: 2^32 ids and ports leave 16 guesses next to nothing. A server
        // that repeats itself stays below.
        const val STRANGERS_MAX: Int = 16
    }
}

package dev.uring.dns

import dev.uring.UringRuntime
import dev.uring.base.UringException
import dev.uring.dsl.Connection
import dev.uring.dsl.Connector
import dev.uring.dsl.readExactly
import dev.uring.net.UdpOptions
import dev.uring.socket.Endpoint
import dev.uring.socket.SocketOptions
import dev.uring.worker.Worker
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import java.net.Inet6Address
import java.net.InetSocketAddress
import java.security.SecureRandom
import kotlin.time.ComparableTimeMark
import kotlin.time.Duration
import kotlin.time.TimeSource
import dev.uring.net.UdpSocket as CoreUdpSocket

/**
 * Asks one server one question: over UDP, each time from a fresh connected socket, whose port the kernel draws by lot;
 * over TCP what does not fit or looks forged; over TLS instead of both where the configuration says so.
 *
 * Thread: the worker.
 */
internal class Exchange(
    private val runtime: UringRuntime,
    private val worker: Worker,
    private val config: ResolverConfig,
    private val counters: ResolverCounters,
    private val random: SecureRandom,
    private val scope: CoroutineScope,
) {
    private val connector = Connector(runtime, resolver = null) { false }

    // Servers that know no EDNS0. As many as there are servers, and they change with the files only.
    private val withoutEdns = LinkedHashSet<InetSocketAddress>()

    // One for each server, as above. And until when those are asked in clear text that do not speak TLS.
    private val tlsExchanges = HashMap<InetSocketAddress, TlsExchange>()
    private val clearUntil = HashMap<InetSocketAddress, ComparableTimeMark>()

    suspend fun ask(
        server: InetSocketAddress,
        question: Question,
        timeout: Duration,
        useTcp: Boolean,
    ): Reply {
        val overTls = config.overTls
        if (overTls == null || clearUntil[server]?.hasPassedNow() == false) {
            return inClearText(server, question, timeout, useTcp)
        }
        val began = TimeSource.Monotonic.markNow()
        val reply = overTls(server, question, timeout, overTls)
        if (overTls.isStrict || reply !is Reply.NoTls) return reply
        forgetServersIfMany()
        clearUntil[server] = TimeSource.Monotonic.markNow() + DnsOverTls.CLEAR_TEXT_TIME
        val left = timeout - began.elapsedNow()
        return if (left.isPositive()) inClearText(server, question, left, useTcp) else reply
    }

    private suspend fun overTls(
        server: InetSocketAddress,
        question: Question,
        timeout: Duration,
        how: DnsOverTls,
    ): Reply {
        val exchange =
            tlsExchanges[server] ?: run {
                forgetServersIfMany()
                val address = Endpoint.text(InetSocketAddress(server.address, how.port))
                TlsExchange(address, how.tls, scope, connector, counters).also { tlsExchanges[server] = it }
            }
        return try {
            // No random case, for nobody can answer who does not see the question.
            val answer =
                exchange.ask(timeout) { Query(question, random, EDNS_BYTES_MAX, false, PADDING_BLOCK_BYTES) }
            if (answer == null) timedOut(timeout) else read(answer.message, wasEdns = false)
        } catch (failure: TlsExchange.NoConnection) {
            Reply.NoTls("over TLS: ${failure.message}")
        } catch (failure: UringException) {
            Reply.Failure("over TLS: ${failure.message}")
        }
    }

    // They change with the files only; their connections end by themselves when they are idle.
    private fun forgetServersIfMany() {
        if (tlsExchanges.size >= SERVERS_REMEMBERED_MAX) tlsExchanges.clear()
        if (clearUntil.size >= SERVERS_REMEMBERED_MAX) clearUntil.clear()
    }

    private suspend fun inClearText(
        server: InetSocketAddress,
        question: Question,
        timeout: Duration,
        useTcp: Boolean,
    ): Reply {
        if (useTcp) return overTcp(server, question, timeout, because = "")
        val reply = overUdp(server, question, timeout, if (server in withoutEdns) 0 else config.ednsPayloadBytes)
        if (reply !is Reply.BadFormat) return reply
        // RFC 6891 §7: it may be the EDNS0 that it cannot read.
        if (withoutEdns.size == SERVERS_REMEMBERED_MAX) withoutEdns.remove(withoutEdns.first())
        withoutEdns += server
        return overUdp(server, question, timeout, 0)
    }

    private suspend fun overUdp(
        server: InetSocketAddress,
        question: Question,
        timeout: Duration,
        ednsPayloadBytes: Int,
    ): Reply {
        val query = Query(question, random, ednsPayloadBytes, config.randomizesCase)
        val result =
            try {
                withTimeoutOrNull(timeout) { sendAndAwait(server, query) }
            } catch (failure: UringException) {
                // No descriptor left, or no route: the next server may be luckier.
                return Reply.Failure("no socket: ${failure.message}")
            }
        return when (result) {
            null -> {
                timedOut(timeout)
            }

            is UdpExchange.Result.Unreachable -> {
                Reply.Failure("unreachable, errno=${result.errno}")
            }

            UdpExchange.Result.Closed -> {
                Reply.Failure("the socket was closed; the runtime is shutting down")
            }

            is UdpExchange.Result.Suspicious -> {
                overTcp(server, question, timeout, because = "${result.why}; ")
            }

            is UdpExchange.Result.Answer -> {
                if (result.message.isTruncated) {
                    counters.truncated++
                    overTcp(server, question, timeout, because = "truncated; ")
                } else {
                    read(result.message, wasEdns = ednsPayloadBytes > 0)
                }
            }
        }
    }

    private suspend fun sendAndAwait(
        server: InetSocketAddress,
        query: Query,
    ): UdpExchange.Result {
        val exchange = UdpExchange(query, counters)
        val local = if (server.address is Inet6Address) "[::]:0" else "0.0.0.0:0"
        val options = UdpOptions.builder().remote(server).build()
        counters.queries++
        val socket = open(local, options, exchange)
        try {
            return exchange.result.await()
        } finally {
            socket.abort()
            withContext(NonCancellable) { exchange.joinClosed() }
        }
    }

    // A few microseconds on this worker: not cancellable, so that no socket is opened for nobody.
    private suspend fun open(
        local: String,
        options: UdpOptions,
        handler: UdpExchange,
    ): CoreUdpSocket = withContext(NonCancellable) { runtime.openUdp(worker, local, options) { handler }.await() }

    private suspend fun overTcp(
        server: InetSocketAddress,
        question: Question,
        timeout: Duration,
        because: String,
    ): Reply {
        // No EDNS0, for there is no datagram to fit; no random case, for nobody can answer who does not see the question.
        val query = Query(question, random, ednsPayloadBytes = 0, randomizesCase = false)
        counters.queries++
        return try {
            val verdict =
                withTimeoutOrNull(timeout) {
                    connector.connect(Endpoint.text(server), timeout, SocketOptions.defaults(), tls = null) { conn ->
                        conn.writeAndRead(query)
                    }
                }
            when (verdict) {
                null -> timedOut(timeout)
                is Query.Verdict.Answer -> read(verdict.message, wasEdns = false)
                else -> Reply.Failure("${because}over TCP: an answer to another question")
            }
        } catch (failure: UringException) {
            Reply.Failure("${because}over TCP: ${failure.message}")
        }
    }

    // RFC 1035 §4.2.2: the length first, in two bytes.
    private suspend fun Connection.writeAndRead(query: Query): Query.Verdict {
        write(query.framed())
        var bytes = 0
        readExactly(LENGTH_BYTES) { bytes = (it.getUnsigned(0) shl Byte.SIZE_BITS) or it.getUnsigned(1) }
        if (bytes == 0) return Query.Verdict.Stranger
        var verdict: Query.Verdict = Query.Verdict.Stranger
        readExactly(bytes) { verdict = query.judge(it.toByteArray()) }
        return verdict
    }

    private fun read(
        message: DnsMessage,
        wasEdns: Boolean,
    ): Reply =
        when (message.rcode) {
            MessageCodec.NO_ERROR, MessageCodec.NAME_ERROR -> {
                Reply.Answer(message)
            }

            MessageCodec.FORMAT_ERROR, MessageCodec.NOT_IMPLEMENTED, MessageCodec.BAD_VERSION -> {
                if (wasEdns) Reply.BadFormat else Reply.Failure(MessageCodec.rcodeText(message.rcode))
            }

            else -> {
                Reply.Failure(MessageCodec.rcodeText(message.rcode))
            }
        }

    private fun timedOut(timeout: Duration): Reply {
        counters.timeouts++
        return Reply.Timeout("no answer within $timeout")
    }

    sealed interface Reply {
        /** What the server says about the name: records, or that there are none. */
        class Answer(
            val message: DnsMessage,
        ) : Reply

        /** The server could not read a question with EDNS0. */
        data object BadFormat : Reply

        class Timeout(
            val why: String,
        ) : Reply

        class Failure(
            val why: String,
        ) : Reply

        /** The server does not speak TLS, or not as it is asked to. */
        class NoTls(
            val why: String,
        ) : Reply
    }

    private companion object {
        const val LENGTH_BYTES = 2
        const val SERVERS_REMEMBERED_MAX = 64

        // RFC 8467 §4.1 for the padding. No datagram limits an answer over a stream.
        const val EDNS_BYTES_MAX = 65535
        const val PADDING_BLOCK_BYTES = 128
    }
}

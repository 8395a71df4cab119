package dev.uring.client

import dev.uring.bytes.ByteSink
import dev.uring.client.session.LineReply
import dev.uring.client.session.LineSession
import dev.uring.client.session.ProtocolSession
import dev.uring.dsl.UringScope
import dev.uring.dsl.uring
import dev.uring.socket.SocketOptions
import dev.uring.worker.Worker
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import java.io.BufferedReader
import java.io.Closeable
import java.io.OutputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

class LineFailure(
    message: String,
    val wasSent: Boolean,
    cause: Throwable? = null,
) : Exception(message, cause)

private object LineFailures : ClientFailures {
    override val protocol get() = "LINES"

    override fun disconnected(
        message: String,
        wasSent: Boolean,
        cause: Throwable?,
    ) = LineFailure(message, wasSent, cause)

    override fun timedOut(
        command: String,
        timeout: Duration,
        wasSent: Boolean,
        detail: String,
    ) = LineFailure("$command: no line within $timeout$detail", wasSent)

    override fun overloaded(message: String) = LineFailure(message, wasSent = false)
}

/** A whole client in a few lines: asks a question, gets the line that answers it. Greets with `hello` if asked to. */
internal class LineSide(
    scope: UringScope,
    worker: Worker,
    config: LinkConfig,
    private val greets: Boolean = false,
) : WorkerSide<LineReply>(
        scope.runtime,
        worker,
        config,
        Dialer.to(scope.runtime, config.address, 5.seconds, SocketOptions.defaults()),
        LineFailures,
    ) {
    private val asks = RequestPool { Ask(this) }
    val pushes = mutableListOf<String>()

    override fun openSession(link: Link<LineReply>): ProtocolSession<LineReply> =
        LineSession(sessionRepliesMax) {
            counters.pushesReceived++
            pushes += it
        }

    override fun greet(link: Link<LineReply>) = if (greets) link.writeAhead(Hello(link)) else link.greeted()

    override fun ping(link: Link<LineReply>): Boolean {
        link.writeAhead(Hello(link))
        return true
    }

    suspend fun ask(
        line: String,
        isDedicated: Boolean = false,
        mayRepeat: Boolean = false,
        timeoutNanos: Long = commandNanos,
        read: (String) -> String = { it },
    ): String =
        suspendCoroutineUninterceptedOrReturn { continuation ->
            @Suppress("UNCHECKED_CAST")
            val waiter = continuation as Continuation<Any?>
            asks.take(continuation.context).begin(line, isDedicated, mayRepeat, timeoutNanos, read, waiter)
        }

    fun giveBack(ask: Ask) = asks.giveBack(ask)
}

internal class Ask(
    private val side: LineSide,
) : SuspendedRequest<LineReply>(side) {
    private var line = ""
    private var read: (String) -> String = { it }

    override val name get() = line
    override val sizeBytes get() = line.length + 1L
    override var isReplayable = false
        private set

    fun begin(
        newLine: String,
        isDedicated: Boolean,
        mayRepeat: Boolean,
        timeoutNanos: Long,
        newRead: (String) -> String,
        continuation: Continuation<Any?>,
    ): Any {
        renew()
        line = newLine
        read = newRead
        isReplayable = mayRepeat
        val suspended = park(continuation)
        try {
            if (isDedicated) side.submitDedicated(this, timeoutNanos) else side.submit(this, side.shared, timeoutNanos)
        } catch (refusal: Throwable) {
            unpark()
            giveBack()
            throw refusal
        }
        return suspended
    }

    override fun writeTo(sink: ByteSink) {
        sink.putBytes("$line\n".toByteArray())
    }

    override fun replied(
        reply: LineReply,
        isLast: Boolean,
    ) {
        val answer = read(reply.text)
        giveBack()
        resume(answer)
    }

    override fun giveBack() {
        side.ended(this)
        side.giveBack(this)
    }
}

private class Hello(
    private val to: Link<LineReply>,
) : Request<LineReply>() {
    override val name get() = "hello"
    override val sizeBytes get() = 6L

    override fun writeTo(sink: ByteSink) {
        sink.putBytes("hello\n".toByteArray())
    }

    override fun replied(
        reply: LineReply,
        isLast: Boolean,
    ) {
        if (to.isReady) return
        if (reply.text == "welcome") to.greeted() else to.refused(LineFailure(reply.text, wasSent = false))
    }

    override fun failed(cause: Throwable) = Unit

    override fun expired(cause: Exception) = Unit
}

/** Answers each line as [answer] likes, one thread for each connection; `null` hangs up. */
internal class LineServer(
    port: Int = 0,
    private val answer: (line: String, output: OutputStream) -> String?,
) : Closeable {
    private val listener = ServerSocket(port, 50, InetAddress.getLoopbackAddress())
    val accepted = CopyOnWriteArrayList<Socket>()

    @Volatile
    var greets = true
    val port: Int get() = listener.localPort
    val address get() = "127.0.0.1:$port"

    private val accepting =
        thread(isDaemon = true) {
            while (true) {
                val socket = runCatching { listener.accept() }.getOrNull() ?: break
                accepted += socket
                thread(isDaemon = true) { runCatching { socket.use(::serve) } }
            }
        }

    private fun serve(socket: Socket) {
        socket.tcpNoDelay = true
        val input: BufferedReader = socket.getInputStream().bufferedReader()
        while (true) {
            val line = input.readLine() ?: return
            val welcome = if (greets) "welcome" else ""
            val reply = (if (line == "hello") welcome else answer(line, socket.getOutputStream())) ?: return
            if (reply.isNotEmpty()) socket.getOutputStream().write("$reply\n".toByteArray())
        }
    }

    override fun close() {
        listener.close()
        // Until its thread has left it the kernel goes on accepting for it.
        accepting.join()
        accepted.forEach(Socket::close)
    }
}

/** Runs [block] on worker 0 with a side there, and closes it. */
internal fun withSide(
    server: LineServer,
    greets: Boolean = false,
    configure: LinkConfig.() -> LinkConfig = { this },
    block: suspend UringScope.(LineSide) -> Unit,
) = runBlocking {
    uring({ workersCount(1).pinWorkers(false) }) {
        val side = LineSide(this, runtime.worker(0), LinkConfig(server.address).configure(), greets)
        block(side)
        side.close()
    }
}

internal fun FunSpec.needsKernel() {
    defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { kernel }, timeout = 60.seconds)
}

private val kernel: Enabled by lazy {
    runCatching { runBlocking { uring({ workersCount(1).pinWorkers(false) }) { } } }.fold(
        { Enabled.enabled },
        { if (System.getenv("CI") == "true") throw it else Enabled.disabled("no io_uring: ${it.message}") },
    )
}

internal suspend fun eventually(
    what: String,
    condition: () -> Boolean,
) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
    while (!condition()) {
        check(System.nanoTime() < deadline) { "after 20 s: $what" }
        delay(2)
    }
}

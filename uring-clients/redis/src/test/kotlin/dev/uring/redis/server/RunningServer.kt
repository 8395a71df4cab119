package dev.uring.redis.server

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.dsl.Connection
import dev.uring.dsl.Server
import dev.uring.dsl.UringScope
import dev.uring.dsl.uring
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import kotlinx.coroutines.runBlocking
import java.io.ByteArrayOutputStream
import java.io.InputStream
import java.net.Socket
import java.net.SocketException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.seconds

/** Skips the tests of a spec, with the kernel's own reason, where io_uring cannot be had; bounds each of them in time. */
internal fun FunSpec.needsKernel() {
    defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { kernel }, timeout = 60.seconds)
}

private val kernel: Enabled by lazy {
    try {
        UringRuntime
            .start(
                RuntimeConfig
                    .builder()
                    .workersCount(1)
                    .pinWorkers(false)
                    .build(),
            ).close()
        Enabled.enabled
    } catch (refusal: Exception) {
        if (System.getenv("CI") == "true") throw refusal
        Enabled.disabled("no io_uring: ${refusal.message}")
    }
}

/** A server on a port of its own, running in a thread of its own until it is closed. */
internal class RunningServer<S>(
    workersCount: Int,
    shard: () -> S,
    configure: RuntimeConfig.Builder.() -> Unit = {},
    declare: RespCommands<S>.() -> Unit,
) : AutoCloseable {
    private val started = CompletableFuture<Pair<UringScope, Server>>()

    /** What handlers failed with, and what else ended connections unexpectedly. */
    val failures = CopyOnWriteArrayList<Throwable>()

    private val onError: (Connection, Throwable) -> Unit = { _, failure -> failures += failure }

    private val thread =
        thread(name = "test-server") {
            try {
                runBlocking {
                    uring({ workersCount(workersCount).pinWorkers(false).apply(configure) }) {
                        val server = respServer("127.0.0.1:0", shard, onError = onError, declare = declare)
                        started.complete(this to server)
                    }
                }
            } catch (failure: Throwable) {
                started.completeExceptionally(failure)
                failures += failure
            }
        }

    val runtime: UringRuntime get() = started.get(20, TimeUnit.SECONDS).first.runtime

    fun connect() =
        Client(
            started
                .get(20, TimeUnit.SECONDS)
                .second.port,
        )

    /** Begins to shut down; returns at once. */
    fun shutdown() = started.get(20, TimeUnit.SECONDS).first.shutdown()

    override fun close() {
        shutdown()
        thread.join(20_000)
        check(!thread.isAlive) { "the server has not ended 20 s after shutdown()" }
    }
}

/** A blocking client that sends what it is told and cuts what it reads into replies. */
internal class Client(
    port: Int,
) : AutoCloseable {
    val socket = Socket("127.0.0.1", port).apply { soTimeout = 20_000 }
    private val input: InputStream = socket.getInputStream().buffered(1 shl 16)

    fun send(text: String) = send(text.toByteArray(Charsets.ISO_8859_1))

    fun send(bytes: ByteArray) {
        socket.getOutputStream().write(bytes)
        socket.getOutputStream().flush()
    }

    /** Exactly [count] bytes, or fewer when the server closes before. */
    fun read(count: Int): String = String(input.readNBytes(count), Charsets.ISO_8859_1)

    /** One reply as it stands on the wire; null when the server has closed. */
    fun reply(): String? {
        val line = line() ?: return null
        return when (line[0]) {
            '$', '=' -> {
                line + if (line[1] == '-') "" else read(line.drop(1).trim().toInt() + 2)
            }

            '*', '~', '>' -> {
                line +
                    List(
                        line
                            .drop(1)
                            .trim()
                            .toInt()
                            .coerceAtLeast(0),
                    ) { reply() }.joinToString("")
            }

            '%' -> {
                line + List(2 * line.drop(1).trim().toInt()) { reply() }.joinToString("")
            }

            else -> {
                line
            }
        }
    }

    /** The next reply, or null when there is none because the server has closed or reset the connection. */
    fun replyIfAny(): String? =
        try {
            reply()
        } catch (_: SocketException) {
            null
        }

    fun ask(request: String): String? {
        send(request)
        return reply()
    }

    /** Everything until the server closes. */
    fun readToEnd(): String = String(input.readAllBytes(), Charsets.ISO_8859_1)

    /** Ends the connection with a reset instead of a goodbye. */
    fun reset() {
        socket.setSoLinger(true, 0)
        socket.close()
    }

    override fun close() = socket.close()

    private fun line(): String? {
        val line = ByteArrayOutputStream()
        while (true) {
            val b = input.read()
            if (b < 0) return null
            line.write(b)
            if (b == '\n'.code) return line.toString(Charsets.ISO_8859_1)
        }
    }
}

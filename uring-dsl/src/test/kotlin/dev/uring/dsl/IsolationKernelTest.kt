package dev.uring.dsl

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.yield
import java.net.SocketException
import java.util.concurrent.ConcurrentLinkedQueue

class IsolationKernelTest :
    FunSpec({
        driverTest("an exception in a handler resets its connection, is given to onError there, and siblings live") {
            val errors = ConcurrentLinkedQueue<String>()
            withServer(
                handler = { conn -> echoUntil(conn, poison = "x") },
                onError = {
                    conn,
                    cause,
                    ->
                    errors += "${conn.worker.isCurrent} ${conn.remoteAddress} ${cause.message}"
                },
            ) { server ->
                server.connect().use { sibling ->
                    server.connect().use { poisoned ->
                        sibling.echo("a")
                        poisoned.echo("b")
                        poisoned.send("x")
                        shouldThrow<SocketException> { poisoned.receiveToEnd() }
                        errors shouldContainExactly listOf("true ${poisoned.socket.localSocketAddress} poisoned")
                    }
                    sibling.echo("still here")
                    server.connect().use { it.echo("so am I") }
                }
            }
        }

        driverTest("an Error in a handler ends its connection, never the worker") {
            val errors = ConcurrentLinkedQueue<Throwable>()
            withServer(
                handler = { conn ->
                    if (conn.receive { it.size() } > 0) throw StackOverflowError("as if")
                },
                onError = { _, cause -> errors += cause },
            ) { server ->
                repeat(20) {
                    server.connect().use { peer ->
                        peer.send("x")
                        shouldThrow<SocketException> { peer.receiveToEnd() }
                    }
                }
                errors.map { it.message } shouldBe List(20) { "as if" }
                onEachWorker { "alive" } shouldBe listOf("alive", "alive")
            }
        }

        driverTest("onError may send a last message and close the connection in order instead") {
            withServer(
                handler = { conn ->
                    conn.receive { it.size() }
                    error("out of order")
                },
                onError = { conn, cause ->
                    conn.write("-ERR ${cause.message}")
                    conn.close()
                },
            ) { server ->
                server.connect().use {
                    it.send("x")
                    it.receiveTextToEnd() shouldBe "-ERR out of order"
                }
            }
        }

        driverTest("a handler that cancels itself resets its connection and is no error") {
            val errors = ConcurrentLinkedQueue<Throwable>()
            withServer(
                handler = { conn ->
                    conn.write("x")
                    currentCoroutineContext().cancel()
                    awaitCancellation()
                },
                onError = { _, cause -> errors += cause },
            ) { server -> shouldThrow<SocketException> { server.connect().use { it.receiveToEnd() } } }
            errors.shouldBeEmpty()
        }

        driverTest("an onError that throws is survived, and what it threw is kept beside the cause") {
            val causes = ConcurrentLinkedQueue<Throwable>()
            withServer(
                handler = { error("first") },
                onError = { _, cause ->
                    causes += cause
                    error("second")
                },
            ) { server ->
                repeat(2) { shouldThrow<SocketException> { server.connect().use { it.receiveToEnd() } } }
            }
            causes.map { it.message to it.suppressed.map(Throwable::message) } shouldBe
                List(2) { "first" to listOf("second") }
        }

        driverTest("a handler that returns closes its connection in order: what it queued arrives, then the end") {
            withServer({ conn -> repeat(100) { conn.write(ByteArray(10_000)) } }) { server ->
                server.connect().use { it.receiveToEnd().size shouldBe 1_000_000 }
            }
        }

        driverTest("what a handler launches runs on its worker and keeps the connection open until it has ended") {
            testUring {
                val server =
                    tcp("127.0.0.1:0") { conn ->
                        launch {
                            delay(20)
                            check(conn.worker.isCurrent)
                            conn.write("child;")
                        }
                        conn.write("handler;")
                    }
                withContext(Dispatchers.IO) {
                    repeat(4) { server.connect().use { it.receiveTextToEnd() shouldBe "handler;child;" } }
                }
                shutdown()
            }
        }

        driverTest("a failure of what a handler launched is the handler's failure and ends only its connection") {
            val errors = ConcurrentLinkedQueue<String?>()
            testUring {
                val server =
                    tcp("127.0.0.1:0", onError = { _, cause -> errors += cause.message }) { conn ->
                        launch {
                            yield()
                            error("a child fails")
                        }
                        conn.forEachView { }
                    }
                withContext(Dispatchers.IO) {
                    repeat(2) { shouldThrow<SocketException> { server.connect().use { it.receiveToEnd() } } }
                }
                shutdown()
            }
            errors shouldContainExactly listOf("a child fails", "a child fails")
        }

        driverTest("the default report is one line with the address, the cause and the place") {
            val line = CompletableDeferred<String>()
            withServer(
                handler = { conn ->
                    conn.receive { it.size() }
                    error("the reason\nin two lines")
                },
                onError = { conn, cause -> line.complete(FailureLog.describe(conn, cause)) },
            ) { server ->
                server.connect().use { peer ->
                    peer.send("x")
                    line.await() shouldStartWith "connection aborted: remote=${peer.socket.localSocketAddress}, id="
                    line.await() shouldContain
                        ": java.lang.IllegalStateException: the reason in two lines " +
                        "at dev.uring.dsl.IsolationKernelTest"
                    line.await().lines().size shouldBe 1
                }
            }
        }
    })

private suspend fun echoUntil(
    conn: Connection,
    poison: String,
) = conn.forEachView { view ->
    check(view.toUtf8() != poison) { "poisoned" }
    conn.write(view)
}

private fun Peer.echo(text: String) {
    send(text)
    receiveText(text.length) shouldBe text
}

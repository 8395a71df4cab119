package dev.uring.dsl

import dev.uring.base.UringException
import dev.uring.worker.Worker
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.net.ConnectException
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.SocketAddress
import java.net.SocketException
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

class UringKernelTest :
    FunSpec({
        driverTest(
            "a block that opens no server returns when its coroutines have completed, and its workers are gone",
        ) {
            val events = mutableListOf<String>()
            testUring {
                Worker.current() shouldBe runtime.worker(0)
                launch {
                    delay(5)
                    events += "child"
                }
                events += "block"
            }
            events shouldBe listOf("block", "child")
            shouldHaveNoWorkers()
        }

        driverTest("a block that opens servers keeps uring until the last of them is closed") {
            val addresses = CompletableDeferred<List<Server>>()
            val whole =
                CoroutineScope(EmptyCoroutineContext).async {
                    testUring { addresses.complete(List(2) { tcp("127.0.0.1:0") { conn -> conn.send("hi") } }) }
                }
            val (first, second) = addresses.await()
            first.close()
            first.join()
            whole.isCompleted shouldBe false
            withContext(Dispatchers.IO) { second.connect().use { it.receiveTextToEnd() shouldBe "hi" } }
            shouldThrow<ConnectException> { withContext(Dispatchers.IO) { first.connect() } }
            second.close()
            whole.await()
        }

        driverTest("tcp binds at once, and an address that is taken is an error at the call") {
            testUring {
                ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { other ->
                    val address = "127.0.0.1:${other.localPort}"
                    shouldThrow<UringException> { tcp(address) { } }.message shouldContain address
                }
                val server = tcp("127.0.0.1:0") { }
                server.port shouldNotBe 0
                server.toString() shouldBe "Server(/127.0.0.1:${server.port})"
                shutdown()
            }
        }

        driverTest("an exception of the block closes its servers and connections, and is rethrown") {
            var address: SocketAddress = InetSocketAddress(0)
            var peer: Peer? = null
            val handlerEnded = CompletableDeferred<Unit>()
            shouldThrow<IllegalStateException> {
                testUring {
                    val server =
                        tcp("127.0.0.1:0") { conn ->
                            try {
                                conn.write("x")
                                awaitCancellation()
                            } finally {
                                handlerEnded.complete(Unit)
                            }
                        }
                    address = server.localAddress
                    withContext(Dispatchers.IO) { peer = server.connect().also { it.receiveText(1) } }
                    error("the block fails")
                }
            }.message shouldBe "the block fails"
            peer?.close()
            handlerEnded.isCompleted shouldBe true
            shouldThrow<ConnectException> { withContext(Dispatchers.IO) { Peer(address) } }
            shouldHaveNoWorkers()
        }

        driverTest("an exception of a launched coroutine ends the block and is rethrown") {
            shouldThrow<IllegalArgumentException> {
                testUring {
                    tcp("127.0.0.1:0") { awaitCancellation() }
                    launch { throw IllegalArgumentException("a child fails") }
                    awaitCancellation()
                }
            }.message shouldBe "a child fails"
        }

        driverTest(
            "cancelling the caller cancels handlers without a drain, resets connections and stops the workers",
        ) {
            val server = CompletableDeferred<Server>()
            val job =
                CoroutineScope(Job()).launch {
                    testUring(configure = { drainTimeout(java.time.Duration.ofMinutes(10)) }) {
                        server.complete(
                            tcp("127.0.0.1:0") { conn ->
                                conn.write("x")
                                awaitCancellation()
                            },
                        )
                        awaitCancellation()
                    }
                }
            withContext(Dispatchers.IO) {
                server.await().connect().use { peer ->
                    peer.receiveText(1) shouldBe "x"
                    job.cancelAndJoin()
                    shouldThrow<SocketException> { peer.receiveToEnd() }
                }
            }
            shouldHaveNoWorkers()
        }

        driverTest("shutdown ends the block and what it launched, and uring returns normally") {
            val ended = mutableListOf<String>()
            testUring {
                launch {
                    try {
                        delay(10.minutes)
                    } finally {
                        ended += "child"
                    }
                }
                launch { shutdown() }
                try {
                    awaitCancellation()
                } finally {
                    ended += "block"
                }
            }
            ended.sorted() shouldBe listOf("block", "child")
        }

        driverTest("shutdown may be called again, from any thread, and a server opened meanwhile does not keep uring") {
            var late: Server? = null
            testUring {
                try {
                    withContext(Dispatchers.Default) { repeat(3) { shutdown() } }
                    awaitCancellation()
                } finally {
                    late = tcp("127.0.0.1:0") { }
                }
            }
            shouldThrow<ConnectException> { withContext(Dispatchers.IO) { late!!.connect() } }
        }

        driverTest("the caller's thread is not a worker when uring returns") {
            val thread =
                CoroutineScope(EmptyCoroutineContext)
                    .async(Dispatchers.Unconfined) {
                        testUring { }
                        Thread.currentThread().name
                    }.await()
            thread shouldContain "DefaultDispatcher-worker-"
        }

        driverTest("a configuration that is refused is refused before anything starts") {
            shouldThrow<UringException> { uring(configure = { workersCount(-1) }) { error("not reached") } }
                .message shouldContain "workersCount"
            shouldHaveNoWorkers()
        }
    })

/** A worker tells that it has ended a moment before its thread has. */
private suspend fun shouldHaveNoWorkers() =
    eventually(20.seconds) {
        Thread
            .getAllStackTraces()
            .keys
            .map { it.name }
            .filter { it.startsWith("uring-") }
            .shouldBeEmpty()
    }

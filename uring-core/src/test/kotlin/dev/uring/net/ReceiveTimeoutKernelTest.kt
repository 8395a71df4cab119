package dev.uring.net

import dev.uring.bytes.ByteView
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.send
import dev.uring.testing.withServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger

private val soon = Duration.ofMillis(50)
private val never = Duration.ofMinutes(10)

class ReceiveTimeoutKernelTest :
    FunSpec({
        driverTest("a handler hears once that nothing came in time, not earlier, and its bytes are still there") {
            val handler = Waiting(soon)
            withServer(handler) { server ->
                val client = server.connect()
                client.send("abc")
                val (nanos, unconsumed) = handler.timedOut.get(20, TimeUnit.SECONDS)
                nanos shouldBeGreaterThanOrEqualTo soon.toNanos()
                unconsumed shouldBe 3
                client.send("d")
                await { handler.connection.call { readableBytes() } == 4 }
                handler.calls.get() shouldBe 1
                client.close()
                handler.closed.get(20, TimeUnit.SECONDS).shouldBeNull()
            }
        }

        driverTest("bytes in time, a longer time and none at all each take the limit away") {
            val handler = Waiting(never)
            withServer(handler) { server ->
                val client = server.connect()
                client.send("a")
                await { handler.opened.isDone }
                for (last in listOf(never, Duration.ZERO)) {
                    handler.connection.call {
                        expectWithin(soon)
                        expectWithin(last)
                    }
                    val passed = CompletableFuture<Unit>()
                    handler.connection.call {
                        worker().arm(
                            object : dev.uring.worker.Timer() {
                                override fun fire() {
                                    passed.complete(Unit)
                                }
                            },
                            soon.toNanos() * 2,
                        )
                    }
                    passed.get(20, TimeUnit.SECONDS)
                }
                handler.calls.get() shouldBe 0
                client.close()
                handler.closed.get(20, TimeUnit.SECONDS).shouldBeNull()
                await { server.worker.snapshot().timersArmed() == 0 }
            }
        }

        driverTest("by default a peer that is late is reset") {
            val closed = CompletableFuture<Throwable?>()
            val handler =
                object : ConnectionHandler {
                    override fun onOpen(connection: Connection) = connection.expectWithin(soon)

                    override fun onReceive(
                        connection: Connection,
                        bytes: ByteView,
                    ) = bytes.size()

                    override fun onClosed(
                        connection: Connection,
                        cause: Throwable?,
                    ) {
                        closed.complete(cause)
                    }
                }
            withServer(handler) { server ->
                server.connect()
                closed.get(20, TimeUnit.SECONDS)!!.message!! shouldContain "aborted by this side"
            }
        }
    })

/** Takes nothing, and gives the peer [timeout] after each arrival. */
private class Waiting(
    private val timeout: Duration,
) : ConnectionHandler {
    val opened = CompletableFuture<Connection>()
    val timedOut = CompletableFuture<Pair<Long, Int>>()
    val closed = CompletableFuture<Throwable?>()
    val calls = AtomicInteger()
    private var since = 0L

    val connection: Connection get() = opened.get(20, TimeUnit.SECONDS)

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        if (calls.get() == 0) {
            since = connection.worker().nanoTime()
            connection.expectWithin(timeout)
        }
        opened.complete(connection)
        return 0
    }

    override fun onReceiveTimeout(connection: Connection) {
        calls.incrementAndGet()
        timedOut.complete(System.nanoTime() - since to connection.readableBytes())
    }

    override fun onClosed(
        connection: Connection,
        cause: Throwable?,
    ) {
        closed.complete(cause)
    }
}

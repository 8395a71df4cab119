package dev.uring.dsl

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThanOrEqualTo
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.delay
import kotlin.concurrent.thread

class SlowConsumerKernelTest :
    FunSpec({
        driverTest(
            "a reader that does something else for a while holds its peer back, in bounded memory, and loses nothing",
        ) {
            val seed = newSeed()
            val stream = bytesOf(seed, count = 48 shl 20)
            val goOn = CompletableDeferred<Unit>()
            withServer(
                handler = { conn ->
                    conn.receive { 0 }
                    goOn.await()
                    conn.forEachView { conn.write(it) }
                },
                configure = { workersCount(1).recvHighWaterBytes(64 shl 10) },
            ) { server ->
                server.connect().use { peer ->
                    val writer =
                        thread {
                            peer.send(stream)
                            peer.finishSending()
                        }
                    while (runtime.snapshots().sumOf { it.receivePauses() } == 0L) delay(1)
                    // The receive has ended: the accept and the loop's own are what is left with the kernel.
                    while (runtime.snapshots().sumOf { it.operationsUnderWay() } > 1) delay(1)
                    // What the kernel had on its way when it heard of the pause has come: no more than its own queues hold.
                    val held = runtime.snapshots().single()
                    held.bytesReceived() shouldBeLessThanOrEqualTo (8L shl 20)
                    held.blockBytesTaken() shouldBeLessThanOrEqualTo (32L shl 20)
                    held.receiveBuffersHeld() shouldBe 0
                    goOn.complete(Unit)
                    peer.receiveToEnd().contentEquals(stream) shouldBe true
                    writer.join()
                }
            }
        }
    })

package dev.uring.ring

import dev.uring.abi.Errno
import dev.uring.testing.PATIENCE_SECONDS
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit.SECONDS

class MessageRingKernelTest :
    FunSpec({
        kernelTest("a message wakes the owner of another ring and carries a value and data") {
            val target = CompletableFuture<Ring>()
            val received = CompletableFuture<Cqe>()
            val receiver =
                Thread.ofPlatform().start {
                    withRing { ring ->
                        target.complete(ring)
                        ring.enter(1, -1)
                        received.complete(ring.reap().single())
                    }
                }
            withRing { sender ->
                sender.complete {
                    it.prepMsgRing(target.get(PATIENCE_SECONDS, SECONDS).fd(), 123, UserData.of(4, 5))
                } shouldBe Cqe(0, 0, 0)
            }
            received.get(PATIENCE_SECONDS, SECONDS) shouldBe Cqe(UserData.of(4, 5), 123, 0)
            receiver.join()
        }

        kernelTest("messages in both directions arrive in the order they were sent") {
            val rounds = 1000
            val ready = List(2) { CompletableFuture<Ring>() }
            val results =
                List(2) { me ->
                    CompletableFuture.supplyAsync(
                        {
                            withRing { ring ->
                                ready[me].complete(ring)
                                exchange(ring, ready[1 - me].get(PATIENCE_SECONDS, SECONDS).fd(), rounds)
                            }
                        },
                        { Thread.ofPlatform().start(it) },
                    )
                }
            results.forEach { it.get(PATIENCE_SECONDS, SECONDS) shouldBe List(rounds) { n -> n } }
        }

        kernelTest("a message to a ring that is gone reports EBADF to the sender") {
            withRing { sender ->
                val gone = Ring.create(RingOptions.ofSqEntries(1))
                val fd = gone.fd()
                gone.close()
                sender.complete { it.prepMsgRing(fd, 0, 0) }.result shouldBe -Errno.EBADF
            }
        }
    })

private const val SENT = -1L

/** Sends 0 until [rounds], each after the last was taken; returns what came from the other side. */
private fun exchange(
    ring: Ring,
    peerFd: Int,
    rounds: Int,
): List<Int> {
    val received = mutableListOf<Int>()
    var next = 0
    var acknowledged = 0
    while (received.size < rounds || acknowledged < rounds) {
        if (next == acknowledged && next < rounds) {
            val value = next++
            ring.queue(userData = SENT) { it.prepMsgRing(peerFd, value, 0) }
        }
        for (cqe in ring.await(1)) {
            if (cqe.userData == SENT) {
                check(cqe.result == 0) { "send failed: $cqe" }
                acknowledged++
            } else {
                received += cqe.result
            }
        }
    }
    return received
}

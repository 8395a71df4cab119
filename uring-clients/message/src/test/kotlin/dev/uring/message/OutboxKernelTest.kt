package dev.uring.message

import dev.uring.message.codec.Message
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class OutboxKernelTest :
    FunSpec({
        needsKernel()

        test("a written message is put back with its last byte, and not one byte earlier") {
            withEngine(workers = 1) {
                val outbox = Outbox(engine.create().home)
                val putBack = ArrayList<Long>()
                for (end in listOf(10L, 20L, 30L)) {
                    outbox.written.add(
                        Envelope(Message()) { putBack += it.wireEnd }.also { it.wireEnd = end },
                    )
                }
                val expected = mapOf(0L to 0, 9L to 0, 10L to 1, 19L to 1, 29L to 2, 30L to 3, 31L to 3)
                for ((sent, count) in expected) {
                    withClue("sent $sent bytes") {
                        outbox.releaseSent(sent)
                        putBack shouldBe listOf(10L, 20L, 30L).take(count)
                        outbox.count shouldBe 3 - count
                        outbox.releasedCount shouldBe count
                    }
                }
            }
        }

        test("what a peer has confirmed is put back, as many as it says and no more than were written") {
            withEngine(workers = 1) {
                val outbox = Outbox(engine.create().home)
                repeat(3) { outbox.written.add(Envelope(Message(), null)) }
                outbox.releaseConfirmed(0)
                outbox.written.count shouldBe 3
                outbox.releaseConfirmed(2)
                outbox.written.count shouldBe 1
                outbox.releaseConfirmed(2)
                outbox.written.count shouldBe 1
                outbox.releaseConfirmed(100)
                outbox.written.count shouldBe 0
            }
        }
    })

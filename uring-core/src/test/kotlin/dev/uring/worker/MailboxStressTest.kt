package dev.uring.worker

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

private const val PRODUCERS = 4
private const val MESSAGES = 200_000

class MailboxStressTest :
    FunSpec({
        test("every message of many producers arrives once, in the order of its producer") {
            for (capacity in listOf(16, 1024)) {
                val mailbox = Mailbox(capacity)
                val producers = List(PRODUCERS) { producer -> thread { mailbox.sendAll(producer) } }
                val next = IntArray(PRODUCERS)
                var received = 0
                while (received < PRODUCERS * MESSAGES) {
                    val message = mailbox.poll() as Message?
                    if (message == null) {
                        Thread.yield()
                        continue
                    }
                    check(message.number == next[message.producer]++) { "out of order: producer ${message.producer}" }
                    check(mailbox.depth() <= capacity) { "depth ${mailbox.depth()} exceeds capacity $capacity" }
                    received++
                }
                producers.forEach { it.join() }
                mailbox.poll() shouldBe null
                mailbox.depth() shouldBe 0
            }
        }

        test("a message that is accepted while the mailbox closes is still there afterwards") {
            repeat(2_000) {
                val mailbox = Mailbox(1024)
                val accepted = AtomicInteger()
                val producers =
                    List(2) {
                        thread { while (mailbox.offer(Message(0))) accepted.incrementAndGet() }
                    }
                repeat(it % 50) { Thread.onSpinWait() }
                mailbox.close()
                var received = 0
                while (mailbox.depth() > 0) if (mailbox.poll() != null) received++
                producers.forEach { producer -> producer.join() }
                received shouldBe accepted.get()
            }
        }
    })

private fun Mailbox.sendAll(producer: Int) {
    for (number in 0 until MESSAGES) {
        val message = Message(number, producer)
        while (!offer(message)) Thread.yield()
    }
}

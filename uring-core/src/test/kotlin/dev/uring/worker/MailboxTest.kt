package dev.uring.worker

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeSameInstanceAs

class MailboxTest :
    FunSpec({
        test("messages come out in the order they went in") {
            val mailbox = Mailbox(16)
            val messages = List(16) { Message(it) }
            messages.forEach { mailbox.offer(it) shouldBe true }
            messages.forEach { mailbox.poll() shouldBeSameInstanceAs it }
            mailbox.poll() shouldBe null
        }

        test("a full mailbox refuses until one message is taken") {
            val mailbox = Mailbox(16)
            repeat(16) { mailbox.offer(Message(it)) }
            mailbox.depth() shouldBe 16
            mailbox.offer(Message(16)) shouldBe false
            (mailbox.poll() as Message).number shouldBe 0
            mailbox.offer(Message(17)) shouldBe true
            mailbox.offer(Message(18)) shouldBe false
            mailbox.depth() shouldBe 16
        }

        test("an empty mailbox says so before and after use") {
            val mailbox = Mailbox(16)
            mailbox.isEmpty shouldBe true
            mailbox.offer(Message(0))
            mailbox.isEmpty shouldBe false
            mailbox.poll()
            mailbox.isEmpty shouldBe true
            mailbox.depth() shouldBe 0
        }

        test("positions wrap round the slots many times") {
            val mailbox = Mailbox(16)
            var next = 0
            repeat(1_000) { round ->
                val count = round % 17
                repeat(count) { mailbox.offer(Message(next + it)) shouldBe true }
                repeat(count) { (mailbox.poll() as Message).number shouldBe next + it }
                next += count
                mailbox.poll() shouldBe null
            }
        }

        test("a closed mailbox takes no message and still gives out what it has") {
            val mailbox = Mailbox(16)
            mailbox.offer(Message(1))
            mailbox.isClosed shouldBe false
            mailbox.close()
            mailbox.isClosed shouldBe true
            mailbox.offer(Message(2)) shouldBe false
            mailbox.depth() shouldBe 1
            (mailbox.poll() as Message).number shouldBe 1
            mailbox.depth() shouldBe 0
            mailbox.close()
            mailbox.offer(Message(3)) shouldBe false
        }
    })

internal class Message(
    val number: Int,
    val producer: Int = 0,
) : Runnable {
    override fun run() = Unit
}

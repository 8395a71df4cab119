package dev.uring.driver

import dev.uring.ring.UserData
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.shouldNotBe
import io.kotest.matchers.string.shouldStartWith
import io.kotest.matchers.types.shouldBeSameInstanceAs
import kotlin.random.Random

class OperationTableTest :
    FunSpec({
        test("a completion finds the operation it is for") {
            val table = OperationTable(4)
            val operation = Asked("recv")
            val word = table.begin(operation)
            operation.isUnderWay shouldBe true
            table.find(word) shouldBeSameInstanceAs operation
            table.wordOf(operation) shouldBe word
            table.underWayCount() shouldBe 1
        }

        test("a completion for an operation that has ended is stale and counted") {
            val table = OperationTable(4)
            val operation = Asked("recv")
            val word = table.begin(operation)
            table.end(operation)
            operation.isUnderWay shouldBe false
            table.find(word) shouldBe null
            table.staleCount() shouldBe 1
        }

        test("a completion for the slot's former operation does not reach its present one") {
            val table = OperationTable(1)
            val first = Asked("first")
            val old = table.begin(first)
            table.end(first)
            val second = Asked("second")
            val new = table.begin(second)
            UserData.slot(new) shouldBe UserData.slot(old)
            table.find(old) shouldBe null
            table.find(new) shouldBeSameInstanceAs second
        }

        test("a word that names no slot is stale") {
            val table = OperationTable(2)
            table.find(UserData.of(2, 0)) shouldBe null
            table.find(UserData.of(Int.MAX_VALUE, 0)) shouldBe null
            table.find(UserData.of(0, 0)) shouldBe null
            table.staleCount() shouldBe 3
        }

        test("an operation is not asked for twice at the same time") {
            val table = OperationTable(2)
            val operation = Asked("send")
            table.begin(operation)
            shouldThrow<IllegalStateException> { table.begin(operation) }.message shouldStartWith
                "operation asked for twice: slot="
            table.underWayCount() shouldBe 1
        }

        test("a full table grows and keeps what it has") {
            val table = OperationTable(2)
            val words = List(1000) { i -> Asked("$i").let { it to table.begin(it) } }
            words.forEach { (operation, word) -> table.find(word) shouldBeSameInstanceAs operation }
            table.underWayCount() shouldBe 1000
            words.map { (_, word) -> UserData.slot(word) }.toSet().size shouldBe 1000
        }

        test("random asking and answering never confuses two operations") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                val table = OperationTable(2)
                val live = ArrayList<Pair<Asked, Long>>()
                val ended = ArrayList<Long>()
                repeat(20_000) {
                    if (live.isEmpty() || random.nextBoolean()) {
                        val operation = Asked("$it")
                        live += operation to table.begin(operation)
                    } else {
                        val (operation, word) = live.removeAt(random.nextInt(live.size))
                        table.find(word) shouldBeSameInstanceAs operation
                        table.end(operation)
                        ended += word
                    }
                }
                ended.forEach { table.find(it) shouldBe null }
                live.forEach { (operation, word) -> table.find(word) shouldBeSameInstanceAs operation }
                table.underWayCount() shouldBe live.size
                ended.toSet().size shouldBe ended.size
            }
        }

        test("words of the driver's own never name a slot of the table") {
            UserData.slot(UserData.of(-1, 7)) shouldNotBe 0
            OperationTable(1).find(UserData.of(OperationTable.SLOTS_MAX, 0)) shouldBe null
        }
    })

private class Asked(
    val name: String,
) : Operation() {
    override fun completed(
        result: Int,
        bufferId: Int,
        isLast: Boolean,
    ): Unit = error("not completed by the table: $name")
}

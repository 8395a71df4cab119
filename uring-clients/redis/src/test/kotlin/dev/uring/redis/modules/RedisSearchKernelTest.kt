package dev.uring.redis.modules

import dev.uring.redis.RealRedis
import dev.uring.redis.RedisAsyncClient
import dev.uring.redis.RedisBlocking
import dev.uring.redis.RedisException
import dev.uring.redis.RedisExecutor
import dev.uring.redis.RespVersion
import dev.uring.redis.cmd
import dev.uring.redis.commands.AggregateRow
import dev.uring.redis.commands.Aggregation
import dev.uring.redis.commands.Calls
import dev.uring.redis.commands.CommandTable
import dev.uring.redis.commands.GeoPoint
import dev.uring.redis.commands.GeoUnit
import dev.uring.redis.commands.IndexField
import dev.uring.redis.commands.IndexOptions
import dev.uring.redis.commands.RedisBlockingCommands
import dev.uring.redis.commands.Reducer
import dev.uring.redis.commands.ScoreBound
import dev.uring.redis.commands.SearchDocument
import dev.uring.redis.commands.SearchOptions
import dev.uring.redis.commands.SearchResult
import dev.uring.redis.commands.SearchSchema
import dev.uring.redis.commands.SortOrder
import dev.uring.redis.commands.Suggestion
import dev.uring.redis.commands.ftAdd
import dev.uring.redis.commands.ftAggregate
import dev.uring.redis.commands.ftAggregateWithCursor
import dev.uring.redis.commands.ftAlter
import dev.uring.redis.commands.ftCreate
import dev.uring.redis.commands.ftCursorDel
import dev.uring.redis.commands.ftCursorRead
import dev.uring.redis.commands.ftDel
import dev.uring.redis.commands.ftDrop
import dev.uring.redis.commands.ftExplain
import dev.uring.redis.commands.ftGet
import dev.uring.redis.commands.ftInfo
import dev.uring.redis.commands.ftList
import dev.uring.redis.commands.ftMGet
import dev.uring.redis.commands.ftSearch
import dev.uring.redis.commands.ftSugAdd
import dev.uring.redis.commands.ftSugAddIncr
import dev.uring.redis.commands.ftSugDel
import dev.uring.redis.commands.ftSugGet
import dev.uring.redis.commands.ftSugGetWithPayloads
import dev.uring.redis.commands.ftSugGetWithScores
import dev.uring.redis.commands.ftSugLen
import dev.uring.redis.commands.ftSynDump
import dev.uring.redis.commands.ftSynUpdate
import dev.uring.redis.commands.ftTagVals
import dev.uring.redis.ftAggregateFlow
import dev.uring.redis.needsRedis
import dev.uring.redis.pipeline
import dev.uring.redis.withUring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.withContext

/** The typed commands of RediSearch against the real module, of version 1.2, over RESP2 and RESP3. */
class RedisSearchKernelTest :
    FunSpec({
        needsRedis()
        val called = LinkedHashSet<String>()

        fun searching(
            name: String,
            calls: suspend Calls.() -> Unit,
        ) = test(name).config(enabledOrReasonIf = { searchModuleThere }) {
            for (version in listOf(RespVersion.RESP2, RespVersion.RESP3)) {
                withClue(version) {
                    withSearch(version) { client ->
                        val recorded = Calls(client)
                        recorded.calls()
                        called += recorded.commands
                    }
                }
            }
        }

        searching("documents are found by words, numbers, places and tags, and come as they are asked for") {
            addBooks()
            val fox =
                mapOf("title" to "the quick fox", "price" to "10", "tags" to "red;green", "place" to "13.36,38.11")
            returns(SearchResult(1, listOf(SearchDocument("b1", fox)))) { ftSearch("books", "fox") }
            returns(listOf("b2", "b3")) {
                ftSearch(
                    "books",
                    "@price:[15 +inf]",
                    SearchOptions().noContent().sortBy("price"),
                ).documents.map { it.id }
            }
            returns(listOf("b1")) {
                ftSearch("books", "*") { geoFilter("place", GeoPoint(13.3, 38.1), 50.0, GeoUnit.Kilometres) }
                    .documents
                    .map { it.id }
            }
            returns(setOf("b1", "b2")) { ftSearch("books", "@tags:{green}").documents.map { it.id }.toSet() }
            returns(SearchResult(3, listOf(SearchDocument("b3", mapOf("title" to "night"), null, null, "#30")))) {
                ftSearch("books", "*") {
                    filter("price", ScoreBound.excluding(5.0), ScoreBound.HIGHEST)
                    sortBy("price", SortOrder.Descending)
                    withSortKeys()
                    returns("title")
                    limit(0, 1)
                }
            }
            returns("the <i>quick</i> <i>fox</i>") {
                ftSearch("books", "quick fox") { highlight(listOf("title"), "<i>", "</i>") }.documents.single()["title"]
            }
            satisfies({ ftSearch("books", "night") { withScores().withPayloads() }.documents.single() }) {
                it.score!! > 0 && it.payload == "of b3" && it.explanation == null
            }
            returns(emptyList()) { ftSearch("books", "fox") { inKeys("b2") }.documents }
            satisfies({ ftExplain("books", "quick fox") }) { "INTERSECT" in it }
            returns(setOf("red", "green", "blue")) { ftTagVals("books", "tags") }
        }

        searching("documents are added on a condition, read, and taken out of their index") {
            addBooks()
            returns("NOADD") {
                ftAdd(
                    "books",
                    "b1",
                    1.0,
                    mapOf("price" to "11"),
                    replace = true,
                    partially = true,
                    condition = "@price > 10",
                )
            }
            returns(null) {
                ftAdd(
                    "books",
                    "b1",
                    1.0,
                    mapOf("price" to "11"),
                    replace = true,
                    partially = true,
                    condition = "@price == 10",
                )
            }
            returns("11") { ftGet("books", "b1")["price"] }
            returns(emptyMap()) { ftGet("books", "none") }
            returns(listOf("11", null, "30")) { ftMGet("books", "b1", "none", "b3").map { it["price"] } }
            returns(true) { ftDel("books", "b1", deleteDocument = true) }
            returns(false) { ftDel("books", "b1") }
            returns(2L) { ftInfo("books").documents }
        }

        searching("an index tells what it is, and gets another field") {
            addBooks()
            does { ftAlter("books") { text("author").noStem() } }
            satisfies({ ftInfo("books") }) { info ->
                info.name == "books" && info.documents == 3L && info.terms > 0 && info.records > 0 &&
                    "gc_stats" in info.more
            }
            returns(
                listOf(
                    IndexField("title", "title", "TEXT", setOf("SORTABLE"), mapOf("WEIGHT" to "2.5")),
                    IndexField("price", "price", "NUMERIC", setOf("SORTABLE"), emptyMap()),
                    IndexField("tags", "tags", "TAG", emptySet(), mapOf("SEPARATOR" to ";")),
                    IndexField("place", "place", "GEO", emptySet(), emptyMap()),
                    IndexField("author", "author", "TEXT", setOf("NOSTEM"), mapOf("WEIGHT" to "1")),
                ),
            ) { ftInfo("books").fields }
            does { ftDrop("books") }
            shouldThrow<RedisException> { ftInfo("books") }.serverText shouldContain "Unknown Index"
        }

        searching("rows are grouped, computed, sorted and filtered") {
            addBooks()
            val byPrice =
                Aggregation()
                    .groupBy("@price", Reducer.count().alias("n"), Reducer.toList("@title").alias("titles"))
                    .apply("@price * 2", "double")
                    .filter("@price > 10")
                    .sortBy("@price", SortOrder.Descending)
                    .limit(0, 10)
            returns(
                listOf(
                    AggregateRow(mapOf("price" to "30", "n" to "1", "titles" to listOf("night"), "double" to "60")),
                    AggregateRow(
                        mapOf("price" to "20", "n" to "1", "titles" to listOf("quick lunch"), "double" to "40"),
                    ),
                ),
            ) { ftAggregate("books", "*", byPrice).rows }
            returns(20.0 to 60L) {
                val row =
                    ftAggregate("books", "*") {
                        apply("1", "all")
                        groupBy("@all", Reducer.average("@price").alias("mean"), Reducer.sum("@price").alias("sum"))
                    }.rows.single()
                row.double("mean") to row.long("sum")
            }
        }

        searching("rows come piece by piece by a cursor, which a collector that stops gives up") {
            does { ftCreate("many", IndexOptions().stopWords()) { numeric("n").sortable() } }
            val count = 25
            repeat(count) { n -> does { ftAdd("many", "doc:$n", 1.0, mapOf("n" to "$n")) } }
            val first = gives { ftAggregateWithCursor("many", "*", Aggregation().load("@n"), count = 10) }
            withClue(first) { first.isLast shouldBe false }
            first.rows.size shouldBe 10
            returns(10) { ftCursorRead("many", first.cursor).rows.size }
            does { ftCursorDel("many", first.cursor) }
            shouldThrow<RedisException> { ftCursorRead("many", first.cursor) }.serverText shouldContain
                "Cursor not found"
            returns((0L..<count).toList()) {
                ftAggregateFlow("many", "*", Aggregation().load("@n"), count = 10)
                    .map { it.long("n")!! }
                    .toList()
                    .sorted()
            }
            returns(true) {
                ftAggregateFlow("many", "*", Aggregation().load("@n"), count = 10).first().long("n") in 0L..<count
            }
            // Of three cursors one was read to its end, one deleted by name, and one because its collector stopped.
            returns(0L) { cursorsOf("many") }
        }

        searching("suggestions and synonyms") {
            returns(1L) { ftSugAdd("s", "hello", 0.5, payload = "p") }
            returns(2L) { ftSugAdd("s", "help", 2.0) }
            returns(2L) { ftSugAddIncr("s", "help", 1.0) }
            returns(listOf("help", "hello")) { ftSugGet("s", "hel") }
            returns(listOf("help")) { ftSugGet("s", "hxlp", fuzzy = true, max = 1) }
            satisfies({ ftSugGetWithScores("s", "hel", max = 2) }) { found ->
                found.map { it.first } == listOf("help", "hello") && found[0].second > found[1].second
            }
            satisfies({ ftSugGetWithPayloads("s", "hello") }) { (one) -> one == Suggestion("hello", one.score, "p") }
            returns(emptyList()) { ftSugGet("s", "x") }
            returns(emptyList()) { ftSugGet("none", "x") }
            returns(true) { ftSugDel("s", "hello") }
            returns(false) { ftSugDel("s", "hello") }
            returns(1L) { ftSugLen("s") }

            does { ftCreate("i") { text("t") } }
            val group = gives { cmd("FT.SYNADD", "i", "boy", "child") }.toString()
            does { ftSynUpdate("i", group, "lad") }
            returns(mapOf("boy" to listOf(group), "child" to listOf(group), "lad" to listOf(group))) { ftSynDump("i") }
            does { ftAdd("i", "d", 1.0, mapOf("t" to "a boy")) }
            returns(listOf("d")) { ftSearch("i", "lad").documents.map { it.id } }
        }

        test("a search in a pipeline has its result when it was run")
            .config(enabledOrReasonIf = { searchModuleThere }) {
                withSearch(RespVersion.RESP3) { client ->
                    client.addBooks()
                    val (found, tags) =
                        client.pipeline {
                            ftSearch("books", "fox", SearchOptions().withScores()) to ftTagVals("books", "tags")
                        }
                    found.value.documents
                        .single()
                        .score!! shouldBeGreaterThan 0.0
                    tags.value shouldBe setOf("red", "green", "blue")
                }
            }

        test("Java searches, aggregates and goes through rows as Kotlin does")
            .config(enabledOrReasonIf = { searchModuleThere }) {
                RealRedis("--loadmodule", SEARCH_MODULE).use { redis ->
                    val url = redis.url
                    withUring(workers = 2) {
                        withContext(Dispatchers.IO) {
                            RedisAsyncClient.create(runtime, url).use { client -> searchInJava(client) }
                        }
                    }
                }
            }

        test("a command that this version does not have names the module and the version that has it")
            .config(enabledOrReasonIf = { searchModuleThere }) {
                withSearch(RespVersion.RESP3) { client ->
                    val refused = shouldThrow<RedisException> { client.ftList() }
                    refused.missingModule shouldBe "RediSearch"
                    refused.message!! shouldContain "the module RediSearch, or one that is older than 2.0.0."
                }
            }

        test("every command that the module has was called").config(enabledOrReasonIf = { searchModuleThere }) {
            val there = RealRedis("--loadmodule", SEARCH_MODULE).use { moduleCommands(it.url) }.map { it.name }
            val typed = CommandTable.commands.values.filter { it.module == "RediSearch" && it.functionsCount > 0 }
            val known = typed.map { it.name }.filter { it.substringBefore(' ') in there }
            println(
                "typed commands of RediSearch: ${known.count {
                    it in called
                }} called of ${known.size} that version 1.2 has",
            )
            known.filter { it !in called }.shouldBeEmpty()
        }
    })

private suspend fun RedisExecutor<String, String>.addBooks() {
    ftCreate("books", IndexOptions().stopWords("the")) {
        text("title").weight(2.5).sortable()
        numeric("price").sortable()
        tag("tags").separator(';')
        geo("place")
    }
    val fox = mapOf("title" to "the quick fox", "price" to "10", "tags" to "red;green", "place" to "13.36,38.11")
    ftAdd("books", "b1", 1.0, fox)
    ftAdd("books", "b2", 1.0, mapOf("title" to "quick lunch", "price" to "20", "tags" to "green;blue"))
    ftAdd("books", "b3", 1.0, mapOf("title" to "night", "price" to "30"), payload = "of b3")
}

private suspend fun RedisExecutor<String, String>.cursorsOf(index: String): Long {
    val said = (ftInfo(index).more.getValue("cursor_stats") as List<*>).chunked(2).associate { it[0] to it[1] }
    return said.getValue("index_total").toString().toLong()
}

/** As Java calls it: from a thread that may be blocked, without defaults and without receivers. */
private fun searchInJava(client: RedisAsyncClient<String, String>) {
    val commands = RedisBlockingCommands.of(client)
    val schema = SearchSchema()
    schema.text("title").sortable()
    schema.numeric("price").sortable()
    commands.ftCreate("books", schema)
    for (price in 1..5) {
        commands.ftAdd("books", "b$price", 1.0, mapOf("title" to "book $price", "price" to "$price"))
    }
    val found = commands.ftSearch("books", "book", SearchOptions().sortBy("price", SortOrder.Descending).limit(0, 2))
    found.total shouldBe 5
    found.documents.map { it.fields.getValue("price") } shouldBe listOf("5", "4")
    val sum = Aggregation().apply("1", "all").groupBy("@all", Reducer.sum("@price").alias("sum"))
    commands
        .ftAggregate("books", "*", sum)
        .rows
        .single()
        .long("sum") shouldBe 15
    val rows = RedisBlocking.await(client.ftAggregateAll("books", "*", Aggregation().load("@price"), 2).toList())
    rows.map { it.long("price") } shouldContainExactlyInAnyOrder listOf(1L, 2L, 3L, 4L, 5L)
    shouldThrow<RedisException> { commands.ftInfo("none") }.serverText shouldContain "Unknown Index"
}

package dev.uring.redis.modules

import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.AggregatePage
import dev.uring.redis.commands.AggregateResult
import dev.uring.redis.commands.AggregateRow
import dev.uring.redis.commands.IndexField
import dev.uring.redis.commands.IndexInfo
import dev.uring.redis.commands.SearchDocument
import dev.uring.redis.commands.SearchOptions
import dev.uring.redis.commands.SearchResult
import dev.uring.redis.commands.SpellingSuggestion
import dev.uring.redis.commands.Suggestion
import dev.uring.redis.commands.entries
import dev.uring.redis.commands.profiledReply
import dev.uring.redis.commands.searchResultReply
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

/** Replies of RediSearch 2 as its documentation and tests have them: flat lists of RESP2, maps of RESP3. */
class SearchReplyTest :
    FunSpec({
        fun search(options: SearchOptions) = searchResultReply(Reply.STRING, Reply.STRING, options)

        fun map(vararg pairs: Pair<String, Any?>) = mapOf(*pairs)

        fun found(vararg documents: Map<String, Any?>) =
            map(
                "attributes" to emptyList<Any>(),
                "warning" to listOf("Timeout limit was reached"),
                "total_results" to 7,
                "format" to "STRING",
                "results" to documents.asList(),
            )

        test("documents with their fields are the same from a flat list and from maps") {
            val expected = listOf(SearchDocument("a", mapOf("t" to "x", "n" to "1")), SearchDocument("b", emptyMap()))
            val flat = listOf(7, "a", listOf("t", "x", "n", "1"), "b", null)
            read(search(SearchOptions()), flat) shouldBe SearchResult(7, expected)
            val maps =
                found(
                    map("id" to "a", "extra_attributes" to map("t" to "x", "n" to "1"), "values" to emptyList<Any>()),
                    map("id" to "b", "extra_attributes" to null, "values" to emptyList<Any>()),
                )
            read(search(SearchOptions()), maps) shouldBe SearchResult(7, expected, listOf("Timeout limit was reached"))
        }

        test("scores, payloads, sort keys and explanations stand where the options put them") {
            val explanation = listOf("Final TFIDF", listOf("(TFIDF 1.00)"))
            val options = SearchOptions().withScores().withPayloads().withSortKeys()
            val document = SearchDocument("a", mapOf("t" to "x"), 0.5, "p", "#3")
            val bare = SearchDocument("b", emptyMap<String, String>(), 1.0)
            val flat = listOf(2, "a", "0.5", "p", "#3", listOf("t", "x"), "b", "1", null, null, emptyList<Any>())
            read(search(options), flat).documents shouldBe listOf(document, bare)
            val maps =
                found(
                    map(
                        "id" to "a",
                        "score" to 0.5,
                        "payload" to "p",
                        "sortkey" to "#3",
                        "extra_attributes" to map("t" to "x"),
                    ),
                    map("id" to "b", "score" to 1.0, "payload" to null, "sortkey" to null),
                )
            read(search(options), maps).documents shouldBe listOf(document, bare)
            val explained = SearchDocument("a", mapOf("t" to "x"), 0.5, explanation = explanation)
            val reply = search(SearchOptions().explainScores())
            read(reply, listOf(1, "a", listOf("0.5", explanation), listOf("t", "x"))).documents shouldBe
                listOf(explained)
            val score = listOf(0.5, explanation)
            read(
                reply,
                found(map("id" to "a", "score" to score, "extra_attributes" to map("t" to "x"))),
            ).documents shouldBe listOf(explained)
        }

        test("documents without fields, and only their number") {
            read(search(SearchOptions().noContent()), listOf(2, "a", "b")).documents.map { it.id } shouldBe
                listOf("a", "b")
            val scored = search(SearchOptions().noContent().withScores())
            read(scored, listOf(2, "a", "0.25", "b", "inf")).documents.map { it.score } shouldBe
                listOf(0.25, Double.POSITIVE_INFINITY)
            read(search(SearchOptions().limit(0, 0)), listOf(9)) shouldBe SearchResult(9, emptyList())
        }

        test("the rows of an aggregation are the same from lists and from maps, lists in them included") {
            val rows =
                listOf(
                    AggregateRow(mapOf("brand" to "acme", "n" to "2", "prices" to listOf("10", "20"))),
                    AggregateRow(emptyMap()),
                )
            val lists = listOf(5, listOf("brand", "acme", "n", "2", "prices", listOf("10", "20")), emptyList<Any>())
            read(AggregateResult.reply, lists) shouldBe AggregateResult(5, rows)
            val acme = map("brand" to "acme", "n" to "2", "prices" to listOf("10", "20"))
            val maps =
                map(
                    "attributes" to emptyList<Any>(),
                    "warning" to emptyList<Any>(),
                    "total_results" to 5,
                    "format" to "STRING",
                    "results" to
                        listOf(
                            map("extra_attributes" to acme),
                            map("extra_attributes" to emptyMap<String, Any>(), "values" to emptyList<Any>()),
                        ),
                )
            read(AggregateResult.reply, maps) shouldBe AggregateResult(5, rows)
            read(AggregatePage.reply, listOf(maps, 77)) shouldBe AggregatePage(AggregateResult(5, rows), 77)
            val last = read(AggregatePage.reply, listOf(listOf(0), 0))
            last.isLast shouldBe true
            last.rows shouldBe emptyList()
        }

        test("values of a row are read as what the program wants") {
            val row =
                AggregateRow(
                    mapOf(
                        "n" to "2",
                        "half" to 0.5,
                        "big" to "1e3",
                        "all" to listOf("x", null),
                        "no" to null,
                    ),
                )
            row["n"] shouldBe "2"
            row.long("n") shouldBe 2
            row.long("big") shouldBe 1000
            row.double("half") shouldBe 0.5
            shouldThrow<ArithmeticException> { row.long("half") }
            row.double("none") shouldBe null
            row.list("all") shouldBe listOf("x", null)
            row.list("n") shouldBe listOf("2")
            row.list("none") shouldBe emptyList()
            row["no"] shouldBe null
            AggregateRow(mapOf("x" to "nan")).double("x")!!.isNaN() shouldBe true
            AggregateRow(mapOf("x" to "-inf")).double("x") shouldBe Double.NEGATIVE_INFINITY
        }

        test("a profile stands behind the result, beside it, or among what it says") {
            val reply = profiledReply(search(SearchOptions()))
            val profile = listOf("Total profile time", "0.1")
            val document = SearchDocument("a", mapOf("t" to "x"))
            val lists = read(reply, listOf(listOf(1, "a", listOf("t", "x")), profile))
            lists.result shouldBe SearchResult(1, listOf(document))
            lists.profile shouldBe profile
            val result = found(map("id" to "a", "extra_attributes" to map("t" to "x")))
            val expected = SearchResult(7, listOf(document), listOf("Timeout limit was reached"))
            for (tree in listOf(map("Results" to result, "Profile" to profile), result + ("profile" to profile))) {
                val profiled = read(reply, tree)
                profiled.result shouldBe expected
                profiled.profile shouldBe profile
            }
        }

        test("what is known of an index is the same from lists and maps, and of version 1") {
            fun info(
                fields: Any,
                name: String = "attributes",
            ) = listOf(
                "index_name",
                "i",
                name,
                fields,
                "num_docs",
                "3",
                "num_terms",
                4,
                "num_records",
                "5.0",
                "indexing",
                1,
            )

            val title = IndexField("$.t", "t", "TEXT", setOf("SORTABLE", "NOSTEM"), mapOf("WEIGHT" to "2.5"))
            val tags = IndexField("g", "g", "TAG", emptySet(), mapOf("SEPARATOR" to ";"))
            val lists =
                listOf(
                    listOf(
                        "identifier",
                        "$.t",
                        "attribute",
                        "t",
                        "type",
                        "TEXT",
                        "WEIGHT",
                        "2.5",
                        "SORTABLE",
                        "NOSTEM",
                    ),
                    listOf("identifier", "g", "attribute", "g", "type", "TAG", "SEPARATOR", ";"),
                )
            val expected = IndexInfo("i", listOf(title, tags), 3, 4, 5, true, emptyMap())
            read(IndexInfo.reply, info(lists)) shouldBe expected
            val maps =
                listOf(
                    map(
                        "identifier" to "$.t",
                        "attribute" to "t",
                        "type" to "TEXT",
                        "WEIGHT" to 2.5,
                        "flags" to listOf("SORTABLE", "NOSTEM"),
                    ),
                    map(
                        "identifier" to "g",
                        "attribute" to "g",
                        "type" to "TAG",
                        "SEPARATOR" to ";",
                        "flags" to listOf<Any>(),
                    ),
                )
            val asMap = info(maps).chunked(2).associate { it[0] to it[1] } + ("percent_indexed" to 1.0)
            read(IndexInfo.reply, asMap) shouldBe expected.copy(more = mapOf("percent_indexed" to 1.0))
            val old = listOf(listOf("g", "type", "TAG", "SEPARATOR", ";"))
            read(IndexInfo.reply, info(old, "fields")).fields shouldBe listOf(tags)
        }

        test("spellings, suggestions, synonyms and settings are the same over both protocols") {
            val expected =
                mapOf(
                    "tooni" to listOf(SpellingSuggestion("toonif", 0.5), SpellingSuggestion("toonie", 0.0)),
                    "x" to emptyList(),
                )
            read(
                SpellingSuggestion.replies,
                listOf(
                    listOf("TERM", "tooni", listOf(listOf("0.5", "toonif"), listOf("0", "toonie"))),
                    listOf("TERM", "x", emptyList<Any>()),
                ),
            ) shouldBe expected
            val terms = map("tooni" to listOf(map("toonif" to 0.5), map("toonie" to 0.0)), "x" to emptyList<Any>())
            read(SpellingSuggestion.replies, map("results" to terms)) shouldBe expected
            val suggestions = listOf(Suggestion("help", 1.5, null), Suggestion("hello", 0.5, "p"))
            read(Suggestion.replies, listOf("help", "1.5", null, "hello", "0.5", "p")) shouldBe suggestions
            read(Suggestion.replies, listOf("help", 1.5, null, "hello", 0.5, "p")) shouldBe suggestions
            read(Suggestion.replies, null) shouldBe emptyList()
            val settings = entries(Reply.STRING, Reply.STRING_OR_NULL)
            read(settings, listOf(listOf("TIMEOUT", "500"), listOf("X", null))) shouldBe
                mapOf("TIMEOUT" to "500", "X" to null)
            read(settings, map("TIMEOUT" to "500")) shouldBe mapOf("TIMEOUT" to "500")
        }
    })

package dev.uring.redis.modules

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.commands.Aggregation
import dev.uring.redis.commands.CoordinateSystem
import dev.uring.redis.commands.GeoPoint
import dev.uring.redis.commands.GeoUnit
import dev.uring.redis.commands.IndexOptions
import dev.uring.redis.commands.IndexedType
import dev.uring.redis.commands.Reducer
import dev.uring.redis.commands.ScoreBound
import dev.uring.redis.commands.SearchOptions
import dev.uring.redis.commands.SearchSchema
import dev.uring.redis.commands.SortOrder
import dev.uring.redis.commands.SpellCheckTerms
import dev.uring.redis.commands.Vector
import dev.uring.redis.commands.VectorAlgorithm
import dev.uring.redis.commands.VectorDistance
import dev.uring.redis.commands.ftAddRequest
import dev.uring.redis.commands.ftAggregateRequest
import dev.uring.redis.commands.ftAggregateWithCursorRequest
import dev.uring.redis.commands.ftAliasAddRequest
import dev.uring.redis.commands.ftAliasDelRequest
import dev.uring.redis.commands.ftAliasUpdateRequest
import dev.uring.redis.commands.ftAlterRequest
import dev.uring.redis.commands.ftConfigGetRequest
import dev.uring.redis.commands.ftConfigSetRequest
import dev.uring.redis.commands.ftCreateRequest
import dev.uring.redis.commands.ftCursorDelRequest
import dev.uring.redis.commands.ftCursorReadRequest
import dev.uring.redis.commands.ftDictAddRequest
import dev.uring.redis.commands.ftDictDelRequest
import dev.uring.redis.commands.ftDictDumpRequest
import dev.uring.redis.commands.ftDropIndexRequest
import dev.uring.redis.commands.ftExplainCliRequest
import dev.uring.redis.commands.ftExplainRequest
import dev.uring.redis.commands.ftInfoRequest
import dev.uring.redis.commands.ftListRequest
import dev.uring.redis.commands.ftProfileAggregateRequest
import dev.uring.redis.commands.ftProfileSearchRequest
import dev.uring.redis.commands.ftSearchRequest
import dev.uring.redis.commands.ftSpellCheckRequest
import dev.uring.redis.commands.ftSugAddIncrRequest
import dev.uring.redis.commands.ftSugAddRequest
import dev.uring.redis.commands.ftSugDelRequest
import dev.uring.redis.commands.ftSugGetRequest
import dev.uring.redis.commands.ftSugGetWithScoresRequest
import dev.uring.redis.commands.ftSugLenRequest
import dev.uring.redis.commands.ftSynDumpRequest
import dev.uring.redis.commands.ftSynUpdateRequest
import dev.uring.redis.commands.ftTagValsRequest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import redis.clients.jedis.CommandObject
import redis.clients.jedis.CommandObjects
import redis.clients.jedis.RedisProtocol
import redis.clients.jedis.args.SortingOrder
import redis.clients.jedis.search.FTCreateParams
import redis.clients.jedis.search.FTProfileParams
import redis.clients.jedis.search.FTSearchParams
import redis.clients.jedis.search.FTSpellCheckParams
import redis.clients.jedis.search.FieldName
import redis.clients.jedis.search.IndexDataType
import redis.clients.jedis.search.Query
import redis.clients.jedis.search.aggr.AggregationBuilder
import redis.clients.jedis.search.aggr.Reducers
import redis.clients.jedis.search.aggr.SortedField
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import redis.clients.jedis.args.GeoUnit as JedisGeoUnit
import redis.clients.jedis.search.schemafields.GeoField as JedisGeoField
import redis.clients.jedis.search.schemafields.GeoShapeField as JedisGeoShapeField
import redis.clients.jedis.search.schemafields.NumericField as JedisNumericField
import redis.clients.jedis.search.schemafields.TagField as JedisTagField
import redis.clients.jedis.search.schemafields.TextField as JedisTextField
import redis.clients.jedis.search.schemafields.VectorField as JedisVectorField

/** The same call of this client and of Jedis puts the same bytes on the wire. Numbers have fractions: whole ones Jedis writes as 1.0. */
class SearchWireTest :
    FunSpec({
        val jedis = CommandObjects(RedisProtocol.RESP3)

        fun same(
            theirs: CommandObject<*>,
            ours: dev.uring.redis.RedisCommands<String, String>.() -> CommandWriter,
        ) {
            sent(ours) shouldBe sentByJedis(theirs)
        }

        test("an index is created as Jedis creates it, with every option and every kind of field") {
            same(
                jedis.ftCreate(
                    "i",
                    FTCreateParams
                        .createParams()
                        .on(IndexDataType.JSON)
                        .prefix("a:", "b:")
                        .filter("@x>1")
                        .language("german")
                        .languageField("l")
                        .score(0.5)
                        .scoreField("s")
                        .maxTextFields()
                        .noOffsets()
                        .temporary(60)
                        .noHL()
                        .noFields()
                        .noFreqs()
                        .stopwords("x", "y")
                        .skipInitialScan(),
                    listOf(
                        JedisTextField
                            .of("$.t")
                            .`as`("t")
                            .weight(2.5)
                            .noStem()
                            .phonetic("dm:en")
                            .withSuffixTrie()
                            .sortableUNF()
                            .noIndex()
                            .indexMissing()
                            .indexEmpty(),
                        JedisTagField
                            .of("g")
                            .separator(';')
                            .caseSensitive()
                            .withSuffixTrie()
                            .sortable()
                            .indexEmpty(),
                        JedisNumericField
                            .of("n")
                            .`as`("m")
                            .sortable()
                            .indexMissing(),
                        JedisGeoField.of("p").sortable().noIndex(),
                        JedisGeoShapeField.of("q", JedisGeoShapeField.CoordinateSystem.FLAT).indexMissing(),
                        JedisVectorField
                            .builder()
                            .fieldName("v")
                            .algorithm(JedisVectorField.VectorAlgorithm.HNSW)
                            .addAttribute("TYPE", "FLOAT32")
                            .addAttribute("DIM", 4)
                            .addAttribute("DISTANCE_METRIC", "COSINE")
                            .addAttribute("M", 40)
                            .build()
                            .indexMissing(),
                    ),
                ),
            ) {
                val options =
                    IndexOptions()
                        .skipInitialScan()
                        .stopWords("x", "y")
                        .noFrequencies()
                        .noFields()
                        .noHighlights()
                        .temporary(60.seconds)
                        .noOffsets()
                        .maxTextFields()
                        .scoreField("s")
                        .score(0.5)
                        .languageField("l")
                        .language("german")
                        .filter("@x>1")
                        .prefixes("a:")
                        .prefixes("b:")
                        .on(IndexedType.Json)
                val schema = SearchSchema()
                schema
                    .text("$.t")
                    .alias("t")
                    .weight(2.5)
                    .noStem()
                    .phonetic("dm:en")
                    .withSuffixTrie()
                    .sortableAsIs()
                    .noIndex()
                    .indexMissing()
                    .indexEmpty()
                schema
                    .tag("g")
                    .separator(';')
                    .caseSensitive()
                    .withSuffixTrie()
                    .sortable()
                    .indexEmpty()
                schema
                    .numeric("n")
                    .alias("m")
                    .sortable()
                    .indexMissing()
                schema.geo("p").sortable().noIndex()
                schema.geoShape("q", CoordinateSystem.Flat).indexMissing()
                schema
                    .vector("v", VectorAlgorithm.Hnsw, 4, VectorDistance.Cosine)
                    .attribute("M", 40)
                    .indexMissing()
                ftCreateRequest("i", schema, options)
            }
            same(jedis.ftCreate("i", FTCreateParams.createParams().noStopwords(), listOf(JedisTextField.of("t")))) {
                ftCreateRequest("i", SearchSchema().apply { text("t") }, IndexOptions().stopWords())
            }
            same(jedis.ftAlter("i", listOf(JedisTextField.of("t").weight(2.5)))) {
                ftAlterRequest("i", SearchSchema().apply { text("t").weight(2.5) }, false)
            }
        }

        test("a search asks for what Jedis asks for, with every option") {
            same(jedis.ftSearch("i", "q")) { ftSearchRequest("i", "q", SearchOptions()) }
            val summary =
                FTSearchParams
                    .summarizeParams()
                    .fields("a")
                    .fragsNum(2)
                    .fragSize(3)
                    .separator("|")
            same(
                jedis.ftSearch(
                    "i",
                    "q",
                    FTSearchParams
                        .searchParams()
                        .noContent()
                        .verbatim()
                        .noStopwords()
                        .withScores()
                        .filter("n", 1.5, true, 5.5, false)
                        .geoFilter("p", 1.5, 2.5, 3.5, JedisGeoUnit.KM)
                        .inKeys("k1", "k2")
                        .inFields("f")
                        .returnFields("a", "b")
                        .returnField(FieldName.of("$.c").`as`("c"))
                        .summarize(summary)
                        .highlight(FTSearchParams.highlightParams().fields("a").tags("<", ">"))
                        .scorer("TFIDF")
                        .slop(1)
                        .timeout(100)
                        .inOrder()
                        .language("english")
                        .sortBy("n", SortingOrder.DESC)
                        .limit(2, 5)
                        .addParam("x", "ü")
                        .addParam("v", byteArrayOf(0, 0, -64, 63))
                        .dialect(3),
                ),
            ) {
                val options =
                    SearchOptions()
                        .dialect(3)
                        .parameter("v", Vector(1.5f))
                        .parameter("x", "ü")
                        .limit(2, 5)
                        .sortBy("n", SortOrder.Descending)
                        .language("english")
                        .inOrder()
                        .timeout(100.milliseconds)
                        .slop(1)
                        .scorer("TFIDF")
                        .highlight(listOf("a"), "<", ">")
                        .summarize(listOf("a"), 2, 3, "|")
                        .returns("a", "b")
                        .returnsAs("$.c", "c")
                        .inFields("f")
                        .inKeys("k1", "k2")
                        .filter("n", ScoreBound.excluding(1.5), ScoreBound.including(5.5))
                        .geoFilter("p", GeoPoint(1.5, 2.5), 3.5, GeoUnit.Kilometres)
                        .withScores()
                        .noStopWords()
                        .verbatim()
                        .noContent()
                ftSearchRequest("i", "q", options)
            }
            same(
                jedis.ftSearch(
                    "i",
                    "q",
                    FTSearchParams
                        .searchParams()
                        .summarize()
                        .highlight()
                        .dialect(2),
                ),
            ) {
                ftSearchRequest("i", "q", SearchOptions().summarize().highlight().dialect(2))
            }
        }

        test("what Jedis has no option for is written as the server's documentation says") {
            val options =
                SearchOptions()
                    .withPayloads()
                    .withSortKeys()
                    .explainScores()
                    .expander("SBSTEM")
                    .scorer("BM25")
                    .parameter("d", 0.5)
            sent { ftSearchRequest("i", "q", options) } shouldBe
                sentWords(
                    (
                        "FT.SEARCH i q WITHSCORES WITHPAYLOADS WITHSORTKEYS EXPANDER SBSTEM SCORER BM25 EXPLAINSCORE " +
                            "PARAMS 2 d 0.5"
                    ).split(' '),
                )
            sent { ftCreateRequest("i", SearchSchema().apply { geo("g") }, IndexOptions().payloadField("p")) } shouldBe
                sentWords("FT.CREATE i PAYLOAD_FIELD p SCHEMA g GEO".split(' '))
            sent {
                ftAddRequest("i", "k", 0.5, mapOf("a" to "b"), true, true, true, "german", "p", "@a==1")
            } shouldBe
                sentWords(
                    "FT.ADD i k 0.5 NOSAVE REPLACE PARTIAL LANGUAGE german PAYLOAD p IF @a==1 FIELDS a b".split(' '),
                )
            sent { ftSpellCheckRequest("i", "q", listOf(SpellCheckTerms.include("d", "x", "y")), null, null) } shouldBe
                sentWords("FT.SPELLCHECK i q TERMS INCLUDE d x y".split(' '))
            sent { ftSynUpdateRequest("i", "g", listOf("a"), true) } shouldBe
                sentWords("FT.SYNUPDATE i g SKIPINITIALSCAN a".split(' '))
            sent { ftSugAddIncrRequest("k", "s", 2.0, "p") } shouldBe
                sentWords("FT.SUGADD k s 2 INCR PAYLOAD p".split(' '))
            sent { ftAliasAddRequest("a", "i") } shouldBe sentWords(listOf("FT.ALIASADD", "a", "i"))
        }

        test("an aggregation takes the steps that it takes with Jedis, in their order") {
            same(
                jedis.ftAggregate(
                    "i",
                    AggregationBuilder("q")
                        .load("@a")
                        .load(FieldName.of("@b").`as`("c"))
                        .groupBy(
                            listOf("@a", "@b"),
                            listOf(
                                Reducers.count().`as`("n"),
                                Reducers.sum("@x"),
                                Reducers.avg("@x").`as`("y"),
                                Reducers.quantile("@x", 0.5).`as`("z"),
                                Reducers.first_value("@x", SortedField.desc("@y")),
                                Reducers.first_value("@x"),
                                Reducers.random_sample("@x", 3),
                                Reducers.to_list("@x"),
                                Reducers.count_distinct("@x"),
                                Reducers.count_distinctish("@x"),
                                Reducers.stddev("@x"),
                                Reducers.min("@x"),
                                Reducers.max("@x"),
                            ),
                        ).apply("@x+1", "w")
                        .sortBy(10, SortedField.asc("@a"), SortedField.desc("@b"))
                        .filter("@n>1")
                        .limit(0, 5)
                        .verbatim()
                        .addScores()
                        .timeout(9)
                        .params(mapOf("k" to "v"))
                        .dialect(2),
                ),
            ) {
                val aggregation =
                    Aggregation()
                        .load("@a")
                        .loadAs("@b", "c")
                        .groupBy(
                            listOf("@a", "@b"),
                            Reducer.count().alias("n"),
                            Reducer.sum("@x"),
                            Reducer.average("@x").alias("y"),
                            Reducer.quantile("@x", 0.5).alias("z"),
                            Reducer.firstValue("@x", "@y", SortOrder.Descending),
                            Reducer.firstValue("@x"),
                            Reducer.randomSample("@x", 3),
                            Reducer.toList("@x"),
                            Reducer.countDistinct("@x"),
                            Reducer.countDistinctAbout("@x"),
                            Reducer.standardDeviation("@x"),
                            Reducer.min("@x"),
                            Reducer.max("@x"),
                        ).apply("@x+1", "w")
                        .sortBy(mapOf("@a" to SortOrder.Ascending, "@b" to SortOrder.Descending), 10)
                        .filter("@n>1")
                        .limit(0, 5)
                        .verbatim()
                        .addScores()
                        .timeout(9.milliseconds)
                        .parameter("k", "v")
                        .dialect(2)
                ftAggregateRequest("i", "q", aggregation)
            }
            // Jedis always names a dialect, and last.
            sent { ftAggregateWithCursorRequest("i", "q", Aggregation().loadAll(), 10, 1.seconds) } shouldBe
                sentByJedis(jedis.ftAggregate("i", AggregationBuilder("q").loadAll().cursor(10, 1000)), "DIALECT 2")
            same(jedis.ftCursorRead("i", 7, 3)) { ftCursorReadRequest("i", 7, 3) }
            same(jedis.ftCursorDel("i", 7)) { ftCursorDelRequest("i", 7) }
        }

        test("all other commands of RediSearch are those of Jedis") {
            same(jedis.ftDropIndex("i")) { ftDropIndexRequest("i", false) }
            same(jedis.ftDropIndexDD("i")) { ftDropIndexRequest("i", true) }
            same(jedis.ftAliasAdd("a", "i")) { ftAliasAddRequest("a", "i") }
            same(jedis.ftAliasUpdate("a", "i")) { ftAliasUpdateRequest("a", "i") }
            same(jedis.ftAliasDel("a")) { ftAliasDelRequest("a") }
            same(jedis.ftExplain("i", Query("q").dialect(3))) { ftExplainRequest("i", "q", 3) }
            same(jedis.ftExplainCLI("i", Query("q").dialect(3))) { ftExplainCliRequest("i", "q", 3) }
            same(
                jedis.ftSpellCheck(
                    "i",
                    "q",
                    FTSpellCheckParams
                        .spellCheckParams()
                        .includeTerm("d")
                        .excludeTerm("e")
                        .distance(2)
                        .dialect(2),
                ),
            ) {
                val terms = listOf(SpellCheckTerms.include("d"), SpellCheckTerms.exclude("e"))
                ftSpellCheckRequest("i", "q", terms, 2, 2)
            }
            val limited = FTProfileParams.profileParams().limited()
            same(jedis.ftProfileSearch("i", limited, "q", FTSearchParams.searchParams().noContent().dialect(2))) {
                ftProfileSearchRequest("i", "q", true, SearchOptions().noContent().dialect(2))
            }
            same(jedis.ftProfileAggregate("i", limited, AggregationBuilder("q").loadAll().dialect(2))) {
                ftProfileAggregateRequest("i", "q", true, Aggregation().loadAll().dialect(2))
            }
            same(jedis.ftSynUpdate("i", "g", "a", "b")) { ftSynUpdateRequest("i", "g", listOf("a", "b"), false) }
            same(jedis.ftSynDump("i")) { ftSynDumpRequest("i") }
            same(jedis.ftDictAdd("d", "a", "b")) { ftDictAddRequest("d", listOf("a", "b")) }
            same(jedis.ftDictDel("d", "a")) { ftDictDelRequest("d", listOf("a")) }
            same(jedis.ftDictDump("d")) { ftDictDumpRequest("d") }
            same(jedis.ftInfo("i")) { ftInfoRequest("i") }
            same(jedis.ftTagVals("i", "f")) { ftTagValsRequest("i", "f") }
            same(jedis.ftSugAdd("k", "s", 1.5)) { ftSugAddRequest("k", "s", 1.5, null) }
            same(jedis.ftSugAddIncr("k", "s", 1.5)) { ftSugAddIncrRequest("k", "s", 1.5, null) }
            same(jedis.ftSugGet("k", "p", true, 3)) { ftSugGetRequest("k", "p", true, 3) }
            same(jedis.ftSugGetWithScores("k", "p", true, 3)) { ftSugGetWithScoresRequest("k", "p", true, 3) }
            same(jedis.ftSugDel("k", "s")) { ftSugDelRequest("k", "s") }
            same(jedis.ftSugLen("k")) { ftSugLenRequest("k") }
            same(jedis.ftList()) { ftListRequest() }
            @Suppress("DEPRECATION") // RediSearch before 8 has these
            same(jedis.ftConfigGet("o")) { ftConfigGetRequest("o") }
            @Suppress("DEPRECATION")
            same(jedis.ftConfigSet("o", "v")) { ftConfigSetRequest("o", "v") }
        }

        test("an index is no key, and a dictionary of suggestions is one") {
            Written.ftSearchRequest("i", "q", SearchOptions().inKeys("k")).keysCount() shouldBe 0
            Written.ftCreateRequest("i", SearchSchema(), IndexOptions()).keysCount() shouldBe 0
            Written.ftSugAddRequest("k", "s", 1.0, null).keyAt(0) shouldBe "k".toByteArray()
        }

        test("reading on by a cursor is neither repeated nor left to a replica, and a search is both") {
            fun flags(writer: CommandWriter) =
                listOf(Command.READONLY, Command.IDEMPOTENT).map { writer.command().`is`(it) }
            flags(Written.ftSearchRequest("i", "q", SearchOptions())) shouldBe listOf(true, true)
            flags(Written.ftAggregateWithCursorRequest("i", "q", Aggregation(), null, null)) shouldBe
                listOf(false, false)
            flags(Written.ftCursorReadRequest("i", 1, null)) shouldBe listOf(false, false)
            flags(Written.ftSugAddIncrRequest("k", "s", 1.0, null)) shouldBe listOf(false, false)
        }

        test("what the server would misunderstand is refused before it is sent") {
            shouldThrow<IllegalArgumentException> { SearchOptions().returns() }.message shouldBe
                "returns() without a field: noContent() returns documents without fields"
            shouldThrow<IllegalArgumentException> { SearchOptions().highlight(open = "<b>") }.message shouldBe
                "highlight(open=<b>, close=null): give both tags, or none"
            shouldThrow<IllegalArgumentException> { IndexOptions().temporary(500.milliseconds) }.message shouldBe
                "idle=500ms: an index lives for at least one second"
            shouldThrow<IllegalArgumentException> { Aggregation().load() }.message shouldBe
                "load() without a field: loadAll() loads all of them"
            shouldThrow<IllegalArgumentException> {
                SearchSchema().vector("v", VectorAlgorithm.Flat, 0, VectorDistance.Euclidean)
            }.message shouldBe
                "vector field v: dimensions=0 must be positive: how many numbers a vector has"
        }
    })

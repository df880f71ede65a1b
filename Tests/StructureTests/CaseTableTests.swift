import Testing

/// The table of cases in ARCHITECTURE.md and those on security: complete, and what they name is there.
@Suite struct CaseTableTests {
    /// The holes of the old design's code, and its cases.
    static let cases: Set<String> = Set(
        (1...11).map { "H\($0)" } + (1...28).map { "\($0)" } + ["10a", "25a"])

    /// The pages that SECURITY.md points to: a table a section.
    static let pages = ["attacks", "cves", "standards"].map { "packaging/doc/security/\($0).md" }

    /// How the last cell of a row begins where no test stands for the row.
    static let gaps = ["no test yet", "not met", "does not apply"]

    /// A row: its first cell, what stands between back quotes before its last cell, and that cell with the tests in it.
    private struct Row {
        let id: String
        let paths: [String]
        let said: String
        let tests: [String]
    }

    /// What stands below `## title` in a file.
    private static func section(_ title: String, of path: String) throws -> Substring {
        try SourceFile.text(of: path).split(separator: "\n## ").first { $0.hasPrefix("\(title)\n") } ?? ""
    }

    /// The rows of the table in a section, without its head.
    private static func rows(of section: Substring) -> [Row] {
        section.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2).map { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: true)
            let last = cells.last ?? ""
            return Row(
                id: cells.first.map { $0.trimmed } ?? "", paths: cells.dropLast().flatMap { quoted($0) },
                said: last.trimmed, tests: quoted(last))
        }
    }

    /// What stands between back quotes.
    private static func quoted(_ cell: Substring) -> [String] {
        let parts = cell.split(separator: "`", omittingEmptySubsequences: false)
        return parts.indices.filter { $0 % 2 == 1 }.map { String(parts[$0]) }
    }

    private static func rows() throws -> [Row] { rows(of: try section("Cases", of: "ARCHITECTURE.md")) }

    /// The names of all tests: Swift's functions, the rules of the contracts, those end to end, and what is checked.
    private static func names() throws -> Set<String> {
        var names: Set<String> = []
        for file in try SourceFile.all(below: "Tests") {
            for line in file.lines {
                for opening in ["func `", "Rule(\""] {
                    guard let start = line.firstRange(of: opening)?.upperBound else { continue }
                    names.insert(String(line[start...].prefix { $0 != "`" && $0 != "\"" }))
                }
            }
        }
        for path in try SourceFile.paths(below: "Tests/EndToEnd", ending: ".py") {
            for line in try SourceFile.text(of: path).split(separator: "\n") where line.hasPrefix("def test_") {
                names.insert(String(line.dropFirst("def ".count).prefix { $0 != "(" }))
            }
        }
        for line in try SourceFile.text(of: "Tests/check").split(separator: "\n") where line.hasPrefix("check \"") {
            names.insert(String(line.dropFirst("check \"".count).prefix { $0 != "\"" }))
        }
        return names
    }

    @Test func `every case has a row, and no row is of another`() throws {
        let ids = try CaseTableTests.rows().map(\.id)
        #expect(Set(ids) == CaseTableTests.cases)
        #expect(ids.count == CaseTableTests.cases.count)
    }

    @Test func `every row names tests that are there`() throws {
        let names = try CaseTableTests.names()
        for row in try CaseTableTests.rows() {
            #expect(!row.tests.isEmpty, "case \(row.id) has no test")
            let missing = row.tests.filter { !names.contains($0) }
            #expect(missing == [], "case \(row.id) names tests that are not there")
        }
    }

    @Test func `every claim of SECURITY.md has its row`() throws {
        let claims = try CaseTableTests.section("What is promised", of: "SECURITY.md").split(separator: "\n")
            .filter { $0.first?.isNumber ?? false }.map { String($0.prefix { $0 != "." }) }
        #expect(!claims.isEmpty)
        let table = try CaseTableTests.section("The claims", of: "packaging/doc/security/attacks.md")
        let rows = CaseTableTests.rows(of: table)
        #expect(rows.map(\.id) == claims)
        for row in rows { #expect(!row.tests.isEmpty, "claim \(row.id) has no test") }
    }

    @Test(arguments: pages) func `every row on security names files and tests that are there`(page: String) throws {
        let names = try CaseTableTests.names()
        let rows = try SourceFile.text(of: page).split(separator: "\n## ").flatMap { CaseTableTests.rows(of: $0) }
        #expect(!rows.isEmpty)
        for row in rows {
            let hasNone = CaseTableTests.gaps.contains { row.said.hasPrefix($0) }
            #expect(hasNone || !row.tests.isEmpty, "'\(row.id)' has no test and does not say so")
            let missing = row.tests.filter { !names.contains($0) }
            #expect(missing == [], "'\(row.id)' names tests that are not there")
            let absent = row.paths.filter { !SourceFile.exists($0) }
            #expect(absent == [], "'\(row.id)' names files that are not there")
        }
    }
}

extension Substring {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// A strict reader of OpenMetrics 1.0 text, after its ABNF and its rules for families.
struct OpenMetrics {
    struct Problem: Error, CustomStringConvertible {
        let description: String
        init(_ line: Substring, _ what: String) { description = "\(what): \(line)" }
    }

    struct Sample: Equatable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    struct Family {
        let name: String
        var type = ""
        var unit = ""
        var help = ""
        var samples: [Sample] = []
    }

    private(set) var families: [Family] = []

    init(_ text: String) throws {
        guard text.hasSuffix("# EOF\n") else { throw Problem("", "it does not end with # EOF and a newline") }
        let lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines.dropLast() {
            guard line != "# EOF", !line.isEmpty else { throw Problem(line, "a line that ends nothing") }
            if line.hasPrefix("# ") { try declare(line) } else { try take(line) }
        }
        for family in families { try OpenMetrics.check(family) }
    }

    private mutating func declare(_ line: Substring) throws {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
        guard words.count == 4, Self.isName(words[2]) else { throw Problem(line, "no declaration") }
        let name = String(words[2])
        if families.last?.name != name {
            guard !families.contains(where: { $0.name == name }) else { throw Problem(line, "interleaved") }
            families.append(Family(name: name))
        }
        let last = families.count - 1
        guard families[last].samples.isEmpty else { throw Problem(line, "declared behind its samples") }
        switch words[1] {
        case "TYPE":
            guard families[last].type.isEmpty, ["counter", "gauge", "histogram", "info"].contains(words[3]) else {
                throw Problem(line, "no type")
            }
            families[last].type = String(words[3])
        case "UNIT":
            guard families[last].unit.isEmpty, name.hasSuffix("_\(words[3])") else { throw Problem(line, "no unit") }
            families[last].unit = String(words[3])
        case "HELP":
            guard families[last].help.isEmpty else { throw Problem(line, "helped twice") }
            families[last].help = try Self.unescaped(words[3], line)
        case _: throw Problem(line, "no declaration")
        }
    }

    private mutating func take(_ line: Substring) throws {
        guard let last = families.indices.last else { throw Problem(line, "no family") }
        let name = line.prefix { $0 != "{" && $0 != " " }
        var rest = line.dropFirst(name.count)
        guard Self.isName(name) else { throw Problem(line, "no name") }
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            repeat {
                let label = rest.prefix { $0 != "=" }
                guard Self.isLabel(label), rest.dropFirst(label.count).hasPrefix("=\"") else {
                    throw Problem(line, "no label")
                }
                rest = rest.dropFirst(label.count + 2)
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    value.append(character)
                    if character == "\\" {
                        guard let next = rest.popFirst() else { throw Problem(line, "ends in a label") }
                        value.append(next)
                    }
                }
                guard labels.updateValue(try Self.unescaped(value[...], line), forKey: String(label)) == nil else {
                    throw Problem(line, "a label twice")
                }
                guard let next = rest.popFirst(), next == "," || next == "}" else { throw Problem(line, "no end") }
                if next == "}" { break }
            } while true
        }
        guard rest.first == " ", let value = Double(rest.dropFirst()), !rest.dropFirst().contains(" ") else {
            throw Problem(line, "no value")
        }
        guard name.hasPrefix(families[last].name) else { throw Problem(line, "not of the family above it") }
        let sample = Sample(name: String(name), labels: labels, value: value)
        guard !families[last].samples.contains(where: { $0.name == sample.name && $0.labels == labels }) else {
            throw Problem(line, "twice")
        }
        families[last].samples.append(sample)
    }

    /// What the type of a family demands of its samples.
    private static func check(_ family: Family) throws {
        let suffixes: Set<String> =
            switch family.type {
            case "counter": ["_total"]
            case "gauge": [""]
            case "info": ["_info"]
            case "histogram": ["_bucket", "_count", "_sum"]
            case _: []
            }
        for sample in family.samples {
            guard suffixes.contains(String(sample.name.dropFirst(family.name.count))) else {
                throw Problem(sample.name[...], "no sample of a \(family.type)")
            }
            let isCount = family.type == "counter" || family.type == "histogram"
            guard !isCount || sample.value >= 0 else { throw Problem(sample.name[...], "less than nothing") }
            guard family.type != "info" || sample.value == 1 else { throw Problem(sample.name[...], "an info is 1") }
        }
        guard family.type == "histogram" else { return }
        let buckets = family.samples.filter { $0.name.hasSuffix("_bucket") }
        let bounds = buckets.compactMap { $0.labels["le"].flatMap { $0 == "+Inf" ? .infinity : Double($0) } }
        guard bounds.count == buckets.count, bounds == bounds.sorted(), bounds.last == .infinity,
            buckets.map(\.value) == buckets.map(\.value).sorted(),
            family.samples.first(where: { $0.name.hasSuffix("_count") })?.value == buckets.last?.value
        else { throw Problem(family.name[...], "no histogram") }
    }

    private static func unescaped(_ text: Substring, _ line: Substring) throws -> String {
        var result = ""
        var rest = text
        while let character = rest.popFirst() {
            guard character == "\\" else {
                result.append(character)
                continue
            }
            switch rest.popFirst() {
            case "\\": result.append("\\")
            case "\"": result.append("\"")
            case "n": result.append("\n")
            case _: throw Problem(line, "no escape")
            }
        }
        return result
    }

    private static func isName(_ text: Substring) -> Bool { text.wholeMatch(of: /[a-zA-Z_:][a-zA-Z0-9_:]*/) != nil }
    private static func isLabel(_ text: Substring) -> Bool { text.wholeMatch(of: /[a-zA-Z_][a-zA-Z0-9_]*/) != nil }
}

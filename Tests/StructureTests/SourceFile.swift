import Foundation

/// One source file, and its lines without comments and without what stands in quotes.
struct SourceFile: Sendable, CustomStringConvertible {
    /// Its path below the package.
    let path: String
    let lines: [String]

    var description: String { path }

    /// The package that these tests belong to.
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The folders in `folder`: a target each.
    static func targets(in folder: String) throws -> [String] {
        let url = package.appendingPathComponent(folder)
        return try FileManager.default.contentsOfDirectory(atPath: url.path).filter { name in
            var isFolder: ObjCBool = false
            return unsafe FileManager.default.fileExists(
                atPath: url.appendingPathComponent(name).path, isDirectory: &isFolder) && isFolder.boolValue
        }.sorted()
    }

    /// All Swift files below `folder`, in order.
    static func all(below folder: String) throws -> [SourceFile] {
        let root = package.appendingPathComponent(folder)
        guard let walk = FileManager.default.enumerator(atPath: root.path) else { return [] }
        return try walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            let text = try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
            return SourceFile(path: "\(folder)/\(name)", lines: text.components(separatedBy: "\n"))
        }
    }

    /// The paths of all files below `folder` whose names end so.
    static func paths(below folder: String, ending: String) throws -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: package.appendingPathComponent(folder).path) else {
            return []
        }
        return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(ending) }.sorted().map { "\(folder)/\($0)" }
    }

    /// Whether the package has a file or a folder there.
    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: package.appendingPathComponent(path).path)
    }

    /// What stands in a file of the package.
    static func text(of path: String) throws -> String {
        try String(contentsOf: package.appendingPathComponent(path), encoding: .utf8)
    }

    /// The lines with their numbers, comments and quoted texts taken out.
    var code: [(number: Int, text: String)] {
        var isInText = false
        return lines.enumerated().map { index, line in
            let fences = line.components(separatedBy: "\"\"\"").count - 1
            defer { if fences % 2 == 1 { isInText.toggle() } }
            return (index + 1, isInText ? "" : SourceFile.code(of: line))
        }
    }

    private static func code(of line: String) -> String {
        var code = ""
        var isQuoted = false
        var previous: Character = " "
        for character in line {
            if character == "\"", previous != "\\" { isQuoted.toggle() }
            if !isQuoted, character == "/", previous == "/" { return String(code.dropLast()) }
            if !isQuoted { code.append(character) }
            previous = character
        }
        return code
    }

    /// The modules that it imports, with their lines.
    var imports: [(number: Int, module: String)] {
        code.compactMap { number, text in
            var words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            while let first = words.first, first != "import", first.hasPrefix("@") || SourceFile.access.contains(first)
            {
                words.removeFirst()
            }
            guard words.first == "import", words.count > 1 else { return nil }
            // `import struct Foundation.Data` and `import Foundation.NSData` name the module all the same.
            let name = SourceFile.kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
            return (number, String(name.prefix { $0 != "." }))
        }
    }

    private static let access: Set<String> = ["public", "package", "internal", "fileprivate", "private"]
    private static let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]

    /// The places where `word` stands in its code as a word of its own.
    func places(of word: String) -> [String] {
        code.filter { SourceFile.holds($0.text, word) }.map { "\(path):\($0.number)" }
    }

    static func holds(_ text: String, _ word: String) -> Bool {
        var rest = text[...]
        while let range = rest.range(of: word) {
            let before = range.lowerBound == text.startIndex ? nil : text[text.index(before: range.lowerBound)]
            let after = range.upperBound == text.endIndex ? nil : text[range.upperBound]
            func isPartOfWord(_ character: Character?) -> Bool {
                character.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false
            }
            let beginsInWord = isPartOfWord(word.first) && isPartOfWord(before)
            if !beginsInWord, !(isPartOfWord(word.last) && isPartOfWord(after)) { return true }
            rest = rest[range.upperBound...]
        }
        return false
    }
}

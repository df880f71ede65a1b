/// Two texts side by side, line by line.
enum TextDifference {
    /// How many lines around a difference are shown.
    private static let context = 2
    /// Longer texts are compared by their ends alone: the table below has a field for each pair of lines.
    private static let most = 2000

    /// `- ` before what goes, `+ ` before what comes, and two lines around each.
    static func lines(_ old: [UInt8], _ new: [UInt8]) -> [String] {
        let marked = marked(split(old), split(new))
        let changed = marked.indices.filter { marked[$0].mark != " " }
        var shown: [String] = []
        var last = -1
        for (index, line) in marked.enumerated() {
            guard changed.contains(where: { abs($0 - index) <= context }) else { continue }
            if last >= 0, index > last + 1 { shown.append("  …") }
            shown.append("\(line.mark) \(line.text)")
            last = index
        }
        return shown
    }

    private static func split(_ bytes: [UInt8]) -> [String] {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func marked(_ old: [String], _ new: [String]) -> [(mark: Character, text: String)] {
        guard old.count <= most, new.count <= most else {
            return old.map { ("-", $0) } + new.map { ("+", $0) }
        }
        // How many lines the rests have in common.
        var common = Array(repeating: Array(repeating: 0, count: new.count + 1), count: old.count + 1)
        for left in old.indices.reversed() {
            for right in new.indices.reversed() {
                common[left][right] =
                    old[left] == new[right]
                    ? common[left + 1][right + 1] + 1 : max(common[left + 1][right], common[left][right + 1])
            }
        }
        var marked: [(mark: Character, text: String)] = []
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if left < old.count, right < new.count, old[left] == new[right] {
                marked.append((" ", old[left]))
                (left, right) = (left + 1, right + 1)
            } else if left < old.count, right == new.count || common[left + 1][right] >= common[left][right + 1] {
                marked.append(("-", old[left]))
                left += 1
            } else {
                marked.append(("+", new[right]))
                right += 1
            }
        }
        return marked
    }
}

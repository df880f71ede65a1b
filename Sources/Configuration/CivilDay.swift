/// Days of the Gregorian calendar.
enum CivilDay {
    /// The day that `YYYY-MM-DD` names, counted from 1970-01-01; nil if there is no such day.
    static func number(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return nil }
        guard let year = digits(bytes[0..<4]), let month = digits(bytes[5..<7]), let day = digits(bytes[8..<10]),
            year >= 1970, (1...12).contains(month), (1...lastDay(of: month, in: year)).contains(day)
        else { return nil }
        // Counted in years that begin in March: the day that leap years have more is then the last of one.
        let shifted = month > 2 ? year : year - 1
        let months = (month + 9) % 12
        let ofYear = (153 * months + 2) / 5 + day - 1
        let leaps = shifted / 4 - shifted / 100 + shifted / 400
        // The first day of March in the year 0 lies so many days before 1970.
        return shifted * 365 + leaps + ofYear - 719_468
    }

    private static func lastDay(of month: Int64, in year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        case _: 31
        }
    }

    private static func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
        var number: Int64 = 0
        for byte in bytes {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            number = number * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return number
    }
}

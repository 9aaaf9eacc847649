"""What the made weekly reports say: themes with their topic, the agency that could help, and sentences.

The words are made up; no person, firm or street is named.
"""

# A table: one text a line.
# fmt: off

from dataclasses import dataclass

FIELDS = {
    "A": "An ninh, trật tự",
    "B": "Chính trị, tư tưởng, bộ máy",
    "C": "Kinh tế",
    "D": "Xã hội",
    "E": "Văn hóa, truyền thông",
    "F": "Hạ tầng, đô thị, môi trường",
}


@dataclass(frozen=True)
class Theme:
    """One subject of opinion.

    `leaning` are the chances of tán thành, phản đối, băn khoăn, chưa rõ; `weight` how often it is raised, and
    `trend` what each week adds to that.
    """

    topic: str
    agency: str
    weight: float
    trend: float
    leaning: tuple[float, float, float, float]
    sentences: tuple[str, str, str, str]
    request: str

    @property
    def field(self) -> str:
        return FIELDS[self.topic[0]]


THEMES = (
    Theme("F2", "CT-SXD", 3.2, 0.6, (0.05, 0.2, 0.7, 0.05), (
        "Nhân dân đồng tình với việc nâng cấp cống thoát nước trên các tuyến đường thường ngập.",
        "Nhân dân không đồng tình việc thi công thoát nước kéo dài, đường đào lên rồi để đó.",
        "Nhân dân lo lắng tình trạng ngập nước sau mỗi trận mưa lớn, ảnh hưởng đi lại và buôn bán.",
        "Một số hộ dân chưa nắm được tiến độ các công trình chống ngập, chống sạt lở trên địa bàn.",
    ), "Đề nghị đẩy nhanh tiến độ công trình thoát nước và thông báo lịch thi công cho người dân."),
    Theme("F3", "CT-SNNMT", 3.0, 0.0, (0.2, 0.25, 0.5, 0.05), (
        "Người dân ủng hộ mô hình phân loại rác tại nguồn, đường phố sạch hơn trước.",
        "Người dân phản ánh không đồng tình với dự kiến thu tiền rác theo khối lượng khi chưa có điểm cân.",
        "Người dân băn khoăn rác thải sinh hoạt tồn đọng nhiều ngày ở các hẻm nhỏ, gây mùi hôi.",
        "Nhiều hộ chưa rõ cách phân loại và giờ thu gom rác.",
    ), "Đề nghị tăng chuyến thu gom, bố trí thùng rác và hướng dẫn cụ thể cách phân loại."),
    Theme("B2", "CT-SNV", 2.4, -0.05, (0.62, 0.04, 0.26, 0.08), (
        "Nhân dân tán thành chính quyền địa phương hai cấp, bộ máy gọn hơn, việc được giải quyết nhanh hơn.",
        "Có ý kiến không đồng tình vì trụ sở mới xa, người già đi lại khó khăn.",
        "Người dân băn khoăn địa bàn rộng, cán bộ ít, việc có thể bị dồn lại.",
        "Có ý kiến chưa rõ việc nào thuộc xã, phường, việc nào thuộc thành phố.",
    ), "Đề nghị bố trí điểm tiếp nhận lưu động cho các khu vực xa trụ sở."),
    Theme("B5", "CT-SKHCN", 1.7, 0.05, (0.45, 0.1, 0.38, 0.07), (
        "Người dân hài lòng với trung tâm phục vụ hành chính công, hồ sơ được trả đúng hẹn.",
        "Có ý kiến phản đối việc phải nộp lại giấy tờ đã có trên hệ thống.",
        "Người lớn tuổi lo ngại không tự nộp được hồ sơ trực tuyến, phải nhờ người khác.",
        "Một số người dân chưa rõ mức lệ phí khi nộp hồ sơ trực tuyến.",
    ), "Đề nghị bố trí người hướng dẫn tại chỗ và bỏ yêu cầu giấy tờ đã có trong cơ sở dữ liệu."),
    Theme("C1", "CT-SCT", 1.6, 0.1, (0.06, 0.22, 0.67, 0.05), (
        "Người dân đồng tình với các điểm bán hàng bình ổn giá.",
        "Người dân không đồng tình việc hàng thiết yếu tăng giá theo xăng dầu nhưng không giảm lại.",
        "Công nhân, người lao động lo chi phí sinh hoạt tăng nhanh hơn thu nhập.",
        "Một số ý kiến chưa rõ chương trình bình ổn giá áp dụng ở đâu.",
    ), "Đề nghị tăng cường kiểm tra giá và mở thêm điểm bán hàng bình ổn."),
    Theme("F1", "CT-SXD", 1.6, 0.0, (0.3, 0.12, 0.53, 0.05), (
        "Nhân dân phấn khởi vì các tuyến đường, cầu mới đưa vào sử dụng, đi lại thuận tiện.",
        "Nhân dân không đồng tình việc mặt đường mới sửa đã hư hỏng, có nhiều ổ gà.",
        "Nhân dân lo lắng tình trạng ùn tắc giờ cao điểm ở khu vực cầu và trường học.",
        "Một số ý kiến chưa rõ phương án phân luồng khi sửa đường.",
    ), "Đề nghị sửa chữa mặt đường hư hỏng và điều chỉnh đèn tín hiệu giờ cao điểm."),
    Theme("D1", "CT-SYT", 1.3, 0.0, (0.4, 0.1, 0.45, 0.05), (
        "Người dân đánh giá cao thái độ phục vụ của trạm y tế sau khi sắp xếp.",
        "Người dân không đồng tình việc phải mua thuốc ngoài dù có bảo hiểm y tế.",
        "Người dân lo ngại số ca sốt xuất huyết tăng vào mùa mưa.",
        "Một số người dân chưa rõ nơi đăng ký khám bệnh ban đầu sau khi đổi địa giới.",
    ), "Đề nghị bổ sung thuốc cho tuyến xã và phun thuốc diệt muỗi ở các khu vực có nguy cơ."),
    Theme("D2", "CT-SGDDT", 1.2, 0.1, (0.42, 0.12, 0.4, 0.06), (
        "Phụ huynh đồng tình với chính sách miễn học phí.",
        "Phụ huynh không đồng tình các khoản thu đầu năm ngoài quy định.",
        "Phụ huynh lo thiếu chỗ học ở các phường đông dân trong kỳ tuyển sinh.",
        "Một số phụ huynh chưa rõ quy định mới về dạy thêm, học thêm.",
    ), "Đề nghị công khai các khoản thu và kế hoạch tuyển sinh."),
    Theme("F5", "CT-SNNMT", 1.1, 0.0, (0.15, 0.35, 0.42, 0.08), (
        "Nhân dân đồng tình chủ trương làm đường cao tốc và bàn giao mặt bằng đúng hạn.",
        "Các hộ dân chưa đồng tình với đơn giá bồi thường, cho rằng thấp hơn giá thị trường.",
        "Các hộ dân lo khu tái định cư chậm hoàn thành, phải ở trọ.",
        "Nhiều hộ chưa rõ đất của mình có nằm trong quy hoạch hay không.",
    ), "Đề nghị công khai đơn giá bồi thường và tiến độ khu tái định cư."),
    Theme("A4", "CT-CA", 1.1, 0.05, (0.2, 0.05, 0.7, 0.05), (
        "Nhân dân hoan nghênh công an tuyên truyền cách nhận biết lừa đảo trên mạng.",
        "Có ý kiến phản đối việc sim rác vẫn còn bán, tạo điều kiện cho lừa đảo.",
        "Nhân dân lo các cuộc gọi giả danh cơ quan nhà nước yêu cầu cập nhật địa chỉ sau sắp xếp.",
        "Một số người lớn tuổi chưa rõ phải báo cho ai khi bị lừa.",
    ), "Đề nghị tăng cường cảnh báo và xử lý nghiêm các đường dây lừa đảo."),
    Theme("C3", "CT-SNNMT", 1.0, -0.05, (0.2, 0.1, 0.65, 0.05), (
        "Nông dân phấn khởi vì vụ lúa được mùa, thương lái đặt cọc sớm.",
        "Nông dân không đồng tình việc thương lái bỏ cọc khi giá lúa giảm.",
        "Nông dân lo giá phân bón tăng trong khi giá nông sản bấp bênh.",
        "Một số hộ chưa rõ điều kiện tham gia vùng trồng lúa chất lượng cao.",
    ), "Đề nghị có cơ chế bảo đảm hợp đồng tiêu thụ và kiểm tra giá phân bón."),
    Theme("C2", "CT-SNV", 0.9, 0.0, (0.35, 0.08, 0.5, 0.07), (
        "Đoàn viên, người lao động đồng tình với việc tăng lương tối thiểu vùng.",
        "Người lao động không đồng tình việc doanh nghiệp chậm đóng bảo hiểm.",
        "Người lao động lo thiếu việc làm ở quê, phải đi làm xa.",
        "Một số người lao động chưa rõ chính sách hỗ trợ học nghề.",
    ), "Đề nghị tổ chức thêm phiên giao dịch việc làm ở các xã."),
    Theme("B3", "CT-SNV", 0.8, 0.0, (0.5, 0.12, 0.33, 0.05), (
        "Nhân dân ghi nhận cán bộ trẻ tận tình, hướng dẫn rõ ràng.",
        "Nhân dân không đồng tình với thái độ của một số cán bộ khi tiếp dân.",
        "Cán bộ không chuyên trách băn khoăn về chế độ sau khi sắp xếp.",
        "Một số ý kiến chưa rõ cán bộ nào phụ trách địa bàn của mình.",
    ), "Đề nghị niêm yết danh sách đầu mối tiếp dân của từng địa bàn."),
    Theme("D3", "CT-SNV", 0.7, 0.0, (0.55, 0.05, 0.35, 0.05), (
        "Nhân dân đồng tình việc xóa nhà tạm, nhà dột nát cho hộ nghèo.",
        "Có ý kiến không đồng tình việc bình xét hộ nghèo chưa sát thực tế.",
        "Một số hộ cận nghèo lo bị cắt hỗ trợ sau khi sáp nhập địa bàn.",
        "Có ý kiến chưa rõ mức trợ cấp mới.",
    ), "Đề nghị rà soát lại danh sách hộ nghèo, hộ cận nghèo."),
)

TENDENCIES = ("tán thành", "phản đối", "băn khoăn", "chưa rõ")
SCOPES = ("một số ý kiến", "nhiều ý kiến", "đa số", "tuyệt đại đa số")
CHANNELS = (
    "Tiếp xúc cử tri",
    "Hội nghị",
    "Cộng tác viên",
    "Đơn thư",
    "Mạng xã hội",
)
URGENCIES = ("Thường", "Khẩn", "Rất khẩn")

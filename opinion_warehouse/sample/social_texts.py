"""What the made mentions say: queries of an imagined vendor, the days they flare up, and sentences.

Sites are made up (`.example`); the words are nobody's.
"""

from dataclasses import dataclass

CHANNELS = {
    "Báo điện tử": tuple(f"bao-{name}.example" for name in (
        "songhau", "taydo", "miendong", "phunam", "bensong", "dothi", "ruongvuon", "bongsen", "cauvang",
        "kenhrach", "giomoi", "chonoi",
    )),
    "Facebook": ("facebook.example",),
    "TikTok": ("tiktok.example",),
    "YouTube": ("youtube.example",),
    "Diễn đàn": tuple(f"{name}.example" for name in ("dd-xeco", "dd-quenha", "hoidap-giayto", "dd-phuhuynh")),
}  # fmt: skip
CHANNEL_WEIGHTS = (0.56, 0.23, 0.07, 0.04, 0.1)
"""Each channel's sites, and its share of mentions."""

SENTIMENTS = ("Tiêu cực", "Trung lập", "Tích cực", "Chưa xác định")


@dataclass(frozen=True)
class Query:
    """A monitored query: its daily weight, the days (from the first) it flares up and how much, its mood.

    `mood` are the chances of tiêu cực, trung lập, tích cực, chưa xác định; `flare_mood` on flaring days.
    """

    code: str
    weight: float
    flares: dict[int, float]
    mood: tuple[float, float, float, float]
    flare_mood: tuple[float, float, float, float]
    sentences: tuple[str, ...]


QUERIES = (
    Query("ngap_trieu_cuong", 1.0, {16: 15, 17: 22.5, 18: 10, 30: 12.5, 31: 7.5},
          (0.45, 0.38, 0.12, 0.05), (0.72, 0.2, 0.05, 0.03), (
        "Mưa một tiếng là đường ngập nước, xe chết máy hàng loạt.",
        "Triều cường lên, nhiều tuyến đường trung tâm ngập sâu.",
        "Bao giờ dự án thoát nước mới xong, năm nào cũng ngập úng.",
        "Sạt lở bờ sông ăn vào sát nhà dân, mong sớm có kè.",
        "Tuyến kè mới làm xong, năm nay khu này đỡ ngập hẳn.",
    )),
    Query("rac_thai", 1.3, {8: 7.5, 9: 10, 10: 6.25},
          (0.4, 0.4, 0.15, 0.05), (0.6, 0.27, 0.09, 0.04), (
        "Rác thải chất đống đầu hẻm mấy ngày chưa ai dọn.",
        "Thu gom rác trễ giờ, cả xóm chịu mùi.",
        "Phân loại rác tại nguồn làm cũng không khó, nhà mình làm được một tháng rồi.",
        "Kênh này ô nhiễm nặng, nước thải đổ thẳng ra.",
        "Thu tiền rác theo cân thì cân ở đâu, ai cân?",
    )),
    Query("giao_thong", 1.4, {0: 5, 22: 8.75, 23: 7.5},
          (0.38, 0.42, 0.16, 0.04), (0.55, 0.32, 0.1, 0.03), (
        "Kẹt xe ở cầu cả tiếng đồng hồ, sáng nào cũng vậy.",
        "Mặt đường mới vá lại đầy ổ gà.",
        "Cao tốc thông xe, về quê nhanh hơn hẳn.",
        "Tai nạn giao thông ngay ngã tư chưa có đèn tín hiệu.",
        "Nên có thêm tuyến xe buýt về các xã.",
    )),
    Query("hanh_chinh_cong", 1.1, {2: 5, 28: 7.5},
          (0.25, 0.45, 0.25, 0.05), (0.3, 0.35, 0.3, 0.05), (
        "Làm giấy tờ ở trung tâm phục vụ hành chính công nhanh, có số thứ tự rõ ràng.",
        "Dịch vụ công trực tuyến lỗi hoài, nộp ba lần chưa được.",
        "Sau sáp nhập, trụ sở phường mới hơi xa, người già đi lại cực.",
        "Chính quyền địa phương hai cấp chạy được một năm, thủ tục hành chính bớt một tầng.",
        "Hỏi xác nhận cư trú giờ nộp ở đâu vậy mọi người?",
    )),
    Query("gia_ca", 1.2, {12: 6.25, 26: 7.5},
          (0.5, 0.38, 0.07, 0.05), (0.65, 0.27, 0.04, 0.04), (
        "Đi chợ thấy cái gì cũng tăng giá.",
        "Giá xăng dầu giảm mà giá cả hàng hóa không giảm theo.",
        "Giá lúa vụ này thấp, nông dân huề vốn là may.",
        "Chi phí sinh hoạt tăng, lương thì vẫn vậy.",
        "Siêu thị có điểm bình ổn giá, rẻ hơn ngoài chợ chút đỉnh.",
    )),
    Query("can_tho_chung", 0.6, {},
          (0.15, 0.5, 0.3, 0.05), (0.15, 0.5, 0.3, 0.05), (
        "Cuối tuần đi chợ nổi, du lịch Cần Thơ dạo này đông khách.",
        "Trường học ở phường mình thiếu chỗ, phụ huynh lo tuyển sinh.",
        "Bệnh viện đông quá, chờ khám bệnh cả buổi.",
        "Coi chừng lừa đảo, có người gọi giả danh công an.",
        "Chiều nay trời đẹp quá mọi người ơi.",
    )),
)  # fmt: skip

SENTENCE_WEIGHTS = (5, 2, 1, 1, 1)
"""A query has as many sentences; the first is said most."""

OPENINGS = ("", "Bà con cho hỏi: ", "Cập nhật: ", "Ý kiến riêng: ", "Nghe nói ", "Hôm nay ")
CLOSINGS = ("", " Mong cơ quan chức năng xem lại.", " Mọi người thấy sao?", " Ai biết chỉ giúp.", " #cantho")
AUTHORS = ("Người dùng giả A", "Người dùng giả B", "Người dùng giả C", "Trang giả lập", "Nhóm giả lập")

package easylink_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"paydesk/client"
	"paydesk/client/sandbox/book"
	"paydesk/client/sandbox/easylink"
	"paydesk/client/sandbox/fault"
)

func TestCreateQueryAndClose(t *testing.T) {
	b := open(t)
	a := b.want("0", "", createPath, aPayment("N1").with(members{
		"extParam": "cart_9", "clientIp": "203.0.113.9", "notifyUrl": "http://127.0.0.1/n", "returnUrl": "https://shop.example.com/", "expiredTime": 3600,
	}))
	no, _ := a.Data["payOrderId"].(string)
	if len(no) != 20 || no[0] != 'P' || a.Data["mchOrderNo"] != "N1" || fmt.Sprint(a.Data["orderState"]) != "1" || a.Data["state"] != nil ||
		a.Data["payDataType"] != "payurl" || a.Data["payData"] != "http://127.0.0.1/_pay/easylink/"+no {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("9999", "已存在", createPath, aPayment("n1"))
	for _, by := range []members{{"mchOrderNo": "N1"}, {"payOrderId": no, "mchOrderNo": "other"}} {
		a = b.want("0", "", orderPath, by)
		if a.Data["wayCode"] != "ALI_H5" || fmt.Sprint(a.Data["amount"]) != "8800" || fmt.Sprint(a.Data["state"]) != "1" || a.Data["extParam"] != "cart_9" ||
			a.Data["clientIp"] != "203.0.113.9" || a.Data["subject"] != "Mug" || a.Data["body"] != "Ceramic mug x1" || a.Data["successTime"] != nil || a.Data["ifCode"] != "easypay" {
			t.Errorf("%s", a.Raw.Body)
		}
	}
	b.book.View(func(s *book.State) {
		if o, _ := s.Order(easylink.Gateway, "N1"); !o.Page || !o.ExpiresAt.Equal(now.Add(time.Minute)) || o.NotifyURL != "http://127.0.0.1/n" {
			t.Errorf("%+v", o)
		}
	})
	b.set("close", "empty")
	if a = b.call(closePath, members{"mchOrderNo": "N1"}); a.Code != "0" || !a.Bare || len(a.Raw.Body) != 0 {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("close", "works")
	if a = b.want("0", "", closePath, members{"mchOrderNo": "N1"}); string(a.Raw.Body) != `{"code":0,"data":{},"msg":"SUCCESS","sign":"E2F9D342A543B9F489312AA8CCFE0AA5"}` {
		t.Errorf("%s", a.Raw.Body)
	}
	if a = b.want("0", "", orderPath, members{"mchOrderNo": "N1"}); fmt.Sprint(a.Data["state"]) != "6" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.want("9999", "订单状态不正确", closePath, members{"mchOrderNo": "N1"})
	b.want("9999", "订单状态不正确", closePath, members{"mchOrderNo": "SO20260301000001"})
	b.want("9999", "订单不存在", closePath, members{"mchOrderNo": "none"})
	b.want("9999", "不能同时为空", closePath, members{})
	b.want("9999", "不能同时为空", orderPath, members{})
	b.want("9999", "订单不存在", orderPath, members{"payOrderId": "P0"})
}

func TestRefusalsOfNewOrders(t *testing.T) {
	b := open(t)
	for _, c := range []struct {
		code, text string
		change     members
	}{
		{"9999", "mchOrderNo不能为空", members{"mchOrderNo": nil}},
		{"9999", "wayCode不能为空", members{"wayCode": " "}},
		{"9999", "amount", members{"amount": 0}},
		{"9999", "amount", members{"amount": nil}},
		{"9999", "currency不能为空", members{"currency": nil}},
		{"9999", "subject不能为空", members{"subject": ""}},
		{"9999", "body不能为空", members{"body": nil}},
		{"9999", "币种", members{"currency": "USD"}},
		{"11", "currency", members{"currency": "HKDX"}},
		{"9999", "支付方式", members{"wayCode": "WX_BAR"}},
		{"9999", "异步通知地址", members{"notifyUrl": "127.0.0.1/n"}},
		{"9999", "同步通知地址", members{"returnUrl": "javascript:x"}},
		{"11", "expiredTime", members{"expiredTime": 0}},
		{"11", "channelExtra", members{"channelExtra": "{"}},
		{"11", "subject", members{"subject": strings.Repeat("x", 65)}},
		{"11", "extParam", members{"extParam": strings.Repeat("x", 129)}},
		{"11", "divisionMode", members{"divisionMode": "x"}},
	} {
		b.want(c.code, c.text, createPath, aPayment("N1").with(c.change))
	}
	b.want("0", "", createPath, aPayment("N1").with(members{"divisionMode": 1, "wayCode": "UP_OP", "channelExtra": `{"accNo":"4111111111111111"}`}))
	if a := b.want("0", "", createPath, aPayment("N2").with(members{"wayCode": "WX_LITE"})); a.Data["payDataType"] != "wxapp" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.book.View(func(s *book.State) {
		for _, o := range s.Orders() {
			if strings.Contains(fmt.Sprintf("%+v", o), "4111111111111111") {
				t.Errorf("a card number is kept: %+v", o)
			}
		}
	})
}

// TestStatesOfNewOrders covers a system fault, after which the number is used
// up, and a channel that refuses.
func TestStatesOfNewOrders(t *testing.T) {
	b := open(t)
	b.set("new_order_state", "0")
	b.want("9999", "系统异常", createPath, aPayment("N1"))
	b.want("9999", "已存在", createPath, aPayment("N1"))
	if a := b.want("0", "", orderPath, members{"mchOrderNo": "N1"}); fmt.Sprint(a.Data["state"]) != "0" {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("close", "empty")
	b.want("0", "", closePath, members{"mchOrderNo": "N1"}) // state 0 needs no channel
	b.set("new_order_state", "3")
	if a := b.want("0", "", createPath, aPayment("N2")); fmt.Sprint(a.Data["orderState"]) != "3" || a.Data["errCode"] == nil || a.Data["payData"] != nil {
		t.Errorf("%s", a.Raw.Body)
	}
	if a := b.want("0", "", orderPath, members{"mchOrderNo": "N2"}); fmt.Sprint(a.Data["state"]) != "3" || a.Data["errMsg"] == nil {
		t.Errorf("%s", a.Raw.Body)
	}
	b.set("new_order_state", "1")
	b.strikes = func(k fault.Kind) bool { return k == fault.StayPending }
	b.want("0", "", createPath, aPayment("N3"))
	b.book.View(func(s *book.State) {
		if o, _ := s.Order(easylink.Gateway, "N3"); o.Plan != book.Stay || o.Status != client.OrderPending {
			t.Errorf("%+v", o)
		}
	})
}
